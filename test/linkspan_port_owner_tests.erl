%% Links, monitors, exit signals and the owner's end, on ports of the driver, as erlang(3) has them.
-module(linkspan_port_owner_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    open/0, closed/0, call/2, cast/2, control/3, spin/1, received/1, received_message/0, exited/1, down/1, trapped/1,
    process/0, in/2, assert_alive/1, assert_quiet/1
]).

-compile(export_all).
-compile(nowarn_export_all).

port_test_() -> linkspan_echo_port:each(?MODULE).

%% A process and a port of its own.
owned() ->
    Owner = process(),
    {Owner, in(Owner, fun linkspan_echo_port:open/0)}.

%% A process that is linked to the port, and what it dies of is in its monitor.
linked(Port) ->
    Linked = process(),
    true = in(Linked, fun() -> link(Port) end),
    {Linked, monitor(process, Linked)}.

%% The owner's end

if_the_owner_terminates_so_does_the_port_with_its_reason() ->
    [
        begin
            {Owner, Port} = owned(),
            Monitor = monitor(port, Port),
            End(Owner),
            ?assertEqual(Reason, down(Monitor)),
            ?assertEqual(undefined, erlang:port_info(Port))
        end
     || {End, Reason} <- [
            {fun(Owner) -> Owner ! {exit, normal} end, normal},
            {fun(Owner) -> Owner ! {exit, {some, "reason"}} end, {some, "reason"}},
            {fun(Owner) -> exit(Owner, kill) end, killed},
            {fun(Owner) -> exit(Owner, shutdown) end, shutdown}
        ]
    ].

linked_processes_get_the_owner_s_reason() ->
    {Owner, Port} = owned(),
    {_, Monitor} = linked(Port),
    process_flag(trap_exit, true),
    true = link(Port),
    Owner ! {exit, {some, "reason"}},
    ?assertEqual({some, "reason"}, down(Monitor)),
    ?assertEqual({some, "reason"}, exited(Port)).

the_owner_s_end_stops_the_work_and_those_who_wait_get_closed() ->
    {Owner, Port} = owned(),
    in(Owner, fun() -> spin(Port) end),
    Reference = waiting(Port),
    exit(Owner, kill),
    ?assertEqual({Reference, 8, <<>>}, received_message()),
    assert_quiet(Port).

%% Somebody waits for an answer by control.
waiting(Port) ->
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    [?DEFERRED] = port_control(Port, 16#C0000008, [<<(byte_size(Tag)):16>>, Tag, <<2:32, ?FOREVER:32, 0>>]),
    Reference.

a_port_whose_owner_unlinked_it_outlives_that_owner() ->
    {Owner, Port} = owned(),
    true = in(Owner, fun() -> unlink(Port) end),
    [OfOwner, OfPort] = [monitor(process, Owner), monitor(port, Port)],
    Owner ! {exit, gone},
    ?assertEqual(gone, down(OfOwner)),
    ?assertEqual({connected, Owner}, erlang:port_info(Port, connected)),
    assert_alive(Port),
    %% Its answers go nowhere.
    true = port_command(Port, call(1, <<"inline">>)),
    true = port_command(Port, call(2, <<"deferred">>)),
    true = port_command(Port, cast(7, <<"event">>)),
    <<_/binary>> = control(Port, 9, <<>>),
    assert_alive(Port),
    true = port_connect(Port, self()),
    true = port_command(Port, call(2, <<"hi">>)),
    ?assertEqual(linkspan_echo_port:reply(?OK, <<"hi">>), received(Port)),
    true = unlink(Port),
    true = exit(Port, kill),
    ?assertEqual(killed, down(OfPort)).

%% Exit signals

exit_ends_the_port_with_the_reason_whoever_sends_it() ->
    [
        begin
            Port = open(),
            true = unlink(Port),
            Monitor = monitor(port, Port),
            ?assertEqual(true, in(process(), fun() -> exit(Port, Reason) end)),
            ?assertEqual(Reason, down(Monitor))
        end
     || Reason <- [over, {over, [1, "two"]}, shutdown]
    ].

exit_with_kill_is_killed() ->
    Port = open(),
    true = unlink(Port),
    Monitor = monitor(port, Port),
    true = exit(Port, kill),
    ?assertEqual(killed, down(Monitor)).

%% Unlike a process, a port of any kind takes it for a reason; the manual says nothing of ports here.
exit_with_normal_ends_the_port_whoever_sends_it() ->
    process_flag(trap_exit, true),
    [
        begin
            Port = open(),
            true = in(Sender, fun() -> exit(Port, normal) end),
            ?assertEqual(normal, exited(Port))
        end
     || Sender <- [process(), process()]
    ],
    Port = open(),
    true = exit(Port, normal),
    ?assertEqual(normal, exited(Port)).

exit_to_a_closed_port_has_no_effect() ->
    [?assertEqual(true, exit(closed(), Reason)) || Reason <- [normal, kill, over]].

exit_stops_the_work_and_those_who_wait_get_closed() ->
    [
        begin
            Port = open(),
            true = unlink(Port),
            Monitor = monitor(port, Port),
            spin(Port),
            Reference = waiting(Port),
            true = exit(Port, Signal),
            ?assertEqual(Reason, down(Monitor)),
            ?assertEqual({Reference, 8, <<>>}, received_message()),
            assert_quiet(Port)
        end
     || {Signal, Reason} <- [{normal, normal}, {kill, killed}, {over, over}]
    ],
    %% The workers are free again.
    assert_alive(open()),
    <<?OK, "hi">> = by_worker(open(), <<"hi">>).

by_worker(Port, Body) ->
    true = port_command(Port, call(2, Body)),
    <<?REPLY, 3:16, ?TAG, Answer/binary>> = received(Port),
    Answer.

%% Links

a_linked_process_gets_the_exit_signal_of_the_port() ->
    Port = open(),
    {_, Monitor} = linked(Port),
    true = unlink(Port),
    true = exit(Port, over),
    ?assertEqual(over, down(Monitor)).

the_port_gets_the_exit_signal_of_a_linked_process() ->
    Port = open(),
    true = unlink(Port),
    Monitor = monitor(port, Port),
    {Linked, _} = linked(Port),
    Linked ! {exit, over},
    ?assertEqual(over, down(Monitor)).

%% A normal end is no reason for a port, unless it is its owner's.
the_normal_end_of_a_linked_process_that_is_not_the_owner_has_no_effect() ->
    Port = open(),
    {Linked, Monitor} = linked(Port),
    Linked ! {exit, normal},
    ?assertEqual(normal, down(Monitor)),
    assert_alive(Port).

a_panic_reaches_linked_processes_with_its_message() ->
    Port = open(),
    true = unlink(Port),
    {_, Monitor} = linked(Port),
    true = port_command(Port, call(5, <<"boom">>)),
    {panic, <<"boom at ", _/binary>>} = down(Monitor).

port_close_sends_normal_to_linked_processes() ->
    process_flag(trap_exit, true),
    {_Owner, Port} = owned(),
    true = link(Port),
    true = in(process(), fun() -> port_close(Port) end),
    ?assertEqual(normal, exited(Port)).

link_to_a_closed_port_is_an_exit_signal_noproc() ->
    process_flag(trap_exit, true),
    Port = closed(),
    _ = trapped(Port),
    ?assertEqual(true, link(Port)),
    ?assertEqual(noproc, exited(Port)).

once_unlink_has_returned_the_link_has_no_effect() ->
    process_flag(trap_exit, true),
    Port = open(),
    ?assertEqual(true, unlink(Port)),
    true = exit(Port, over),
    assert_quiet(Port).

unlink_does_nothing_if_there_is_no_link() ->
    {_Owner, Port} = owned(),
    ?assertEqual([true, true], [unlink(Port), unlink(closed())]),
    assert_alive(Port).

%% Monitors

a_monitor_is_triggered_with_the_port_s_exit_reason() ->
    [
        begin
            Port = open(),
            true = unlink(Port),
            Monitor = monitor(port, Port),
            End(Port),
            ?assertEqual({'DOWN', Monitor, port, Port, Reason}, received_message())
        end
     || {End, Reason} <- [
            {fun erlang:port_close/1, normal},
            {fun(Port) -> exit(Port, over) end, over},
            {fun(Port) -> exit(Port, kill) end, killed}
        ]
    ].

a_monitor_of_a_panic_has_its_message() ->
    Port = open(),
    true = unlink(Port),
    Monitor = monitor(port, Port),
    true = port_command(Port, cast(5, <<"boom">>)),
    ?assertMatch({panic, <<"boom at ", _/binary>>}, down(Monitor)).

a_monitor_of_a_closed_port_is_triggered_with_noproc() ->
    Port = closed(),
    Monitor = monitor(port, Port),
    ?assertEqual({'DOWN', Monitor, port, Port, noproc}, received_message()).

a_monitor_is_triggered_only_once_and_each_of_several_is() ->
    Port = open(),
    true = unlink(Port),
    Monitors = [monitor(port, Port) || _ <- lists:seq(1, 10)],
    true = port_close(Port),
    [?assertEqual(normal, down(Monitor)) || Monitor <- Monitors],
    assert_quiet(Port).

once_demonitor_has_returned_no_down_comes() ->
    Port = open(),
    Monitor = monitor(port, Port),
    ?assertEqual(true, demonitor(Monitor)),
    true = port_close(Port),
    assert_quiet(Port).

demonitor_with_flush_removes_the_message() ->
    Port = open(),
    Monitor = monitor(port, Port),
    true = port_close(Port),
    ?assertEqual(true, demonitor(Monitor, [flush])),
    assert_quiet(Port).

demonitor_with_info_says_whether_the_monitor_was_found() ->
    Port = open(),
    Monitor = monitor(port, Port),
    ?assertEqual(true, demonitor(Monitor, [info])),
    ?assertEqual(false, demonitor(Monitor, [info])),
    Triggered = monitor(port, Port),
    true = port_close(Port),
    ?assertEqual(false, demonitor(Triggered, [flush, info])),
    assert_quiet(Port).
