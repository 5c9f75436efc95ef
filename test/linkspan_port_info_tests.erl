%% erlang:port_info/1,2 and ports/0 on the driver, as erlang(3) has them.
-module(linkspan_port_info_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    open/0, open/1, closed/0, call/2, cast/2, reply/2, control/3, spin/1, received/1, received_message/0, until/1,
    process/0, in/2, assert_alive/1
]).

-compile(export_all).
-compile(nowarn_export_all).

-define(ITEMS, [
    registered_name, id, connected, links, name, input, output, os_pid, locking, memory, monitors, monitored_by,
    parallelism, queue_size
]).

port_test_() -> linkspan_echo_port:each(?MODULE).

info(Port, Item) ->
    {Item, Value} = erlang:port_info(Port, Item),
    Value.

port_info_has_the_items_that_the_manual_lists() ->
    Port = open(),
    Me = self(),
    true = register(linkspan_info_port, Port),
    ?assertMatch(
        [{connected, Me}, {id, _}, {input, 0}, {links, [Me]}, {name, "linkspan echo"}, {os_pid, undefined}, {output, 0},
            {registered_name, linkspan_info_port}],
        lists:sort(erlang:port_info(Port))
    ),
    ?assertEqual(erlang:port_info(Port), erlang:port_info(linkspan_info_port)).

name_is_the_command_name_set_by_open_port() ->
    ?assertEqual("linkspan echo  two words", info(open_port({spawn_driver, "linkspan echo  two words"}, []), name)).

connected_is_the_owner() ->
    Port = open(),
    ?assertEqual(self(), info(Port, connected)),
    New = process(),
    true = port_connect(Port, New),
    ?assertEqual(New, info(Port, connected)).

links_are_the_processes_that_the_port_is_linked_to() ->
    Port = open(),
    ?assertEqual([self()], info(Port, links)),
    Other = process(),
    true = in(Other, fun() -> link(Port) end),
    ?assertEqual(lists:sort([self(), Other]), lists:sort(info(Port, links))),
    true = unlink(Port),
    ?assertEqual([Other], info(Port, links)).

id_separates_ports() ->
    Ids = [info(open(), id) || _ <- lists:seq(1, 20)],
    ?assertEqual(20, length(lists:usort(Ids))),
    [?assert(is_integer(Id) andalso Id >= 0) || Id <- Ids].

output_is_the_number_of_bytes_written_by_commands() ->
    Port = open(),
    Frame = iolist_to_binary(cast(1, <<"hello">>)),
    Size = byte_size(Frame),
    ?assertEqual(0, info(Port, output)),
    true = port_command(Port, Frame),
    ?assertEqual(Size, info(Port, output)),
    true = port_command(Port, [Frame, binary:copy(<<"x">>, 100000)], [nosuspend]),
    ?assertEqual(2 * Size + 100000, info(Port, output)),
    Port ! {self(), {command, Frame}},
    ?assertEqual(3 * Size + 100000, info(Port, output)),
    %% What goes by control is none.
    _ = port_control(Port, 1, Frame),
    ?assertEqual(3 * Size + 100000, info(Port, output)).

%% Frames come from workers, and the VM counts what a driver sends from its callbacks alone: as with the ports of
%% gen_tcp, nothing is counted. In docs/decisions.md.
input_counts_no_frames() ->
    Port = open(),
    true = port_command(Port, call(2, <<"hi">>)),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)),
    ?assertEqual(0, info(Port, input)),
    {ok, Listening} = gen_tcp:listen(0, [binary]),
    {ok, Number} = inet:port(Listening),
    {ok, Client} = gen_tcp:connect("localhost", Number, [binary]),
    {ok, Server} = gen_tcp:accept(Listening),
    ok = gen_tcp:send(Server, <<"hi">>),
    {tcp, Client, <<"hi">>} = received_message(),
    ?assertEqual(0, info(Client, input)).

queue_size_is_zero_for_requests_queue_in_the_instance() ->
    Port = open(),
    spin(Port),
    true = port_command(Port, call(2, <<"waits">>)),
    ?assertEqual(0, info(Port, queue_size)).

memory_is_a_number_of_bytes() ->
    ?assert(info(open(), memory) > 0).

locking_is_port_level() ->
    ?assertEqual(port_level, info(open(), locking)).

parallelism_is_the_hint_of_open_port() ->
    ?assertEqual(erlang:system_info(port_parallelism), info(open(), parallelism)),
    ?assertEqual(true, info(open([{parallelism, true}]), parallelism)).

monitors_are_the_callers_that_wait() ->
    Port = open(),
    ?assertEqual([], info(Port, monitors)),
    spin(Port),
    [?DEFERRED | _Id] = port_control(Port, 2, <<"waits">>),
    ?assertEqual([{process, self()}], info(Port, monitors)).

monitored_by_are_the_processes_that_monitor_the_port() ->
    Port = open(),
    Other = process(),
    _ = in(Other, fun() -> monitor(port, Port) end),
    ?assertEqual([Other], info(Port, monitored_by)).

os_pid_is_undefined_as_no_os_process_was_spawned() ->
    ?assertEqual(undefined, info(open(), os_pid)).

registered_name_is_the_name_or_an_empty_list() ->
    Port = open(),
    ?assertEqual([], erlang:port_info(Port, registered_name)),
    true = register(linkspan_info_port, Port),
    ?assertEqual(linkspan_info_port, info(Port, registered_name)).

port_info_is_undefined_if_the_port_is_not_open() ->
    [
        begin
            ?assertEqual(undefined, erlang:port_info(Port)),
            [?assertEqual(undefined, erlang:port_info(Port, Item)) || Item <- ?ITEMS]
        end
     || Port <- [closed(), linkspan_no_such_port]
    ].

the_exit_signal_is_delivered_before_port_info_returns_undefined() ->
    process_flag(trap_exit, true),
    [
        begin
            Port = open(),
            _ = spawn(fun() -> exit(Port, over) end),
            until(fun() -> undefined =:= Info(Port) end),
            ?assertEqual({messages, [{'EXIT', Port, over}]}, process_info(self(), messages)),
            over = linkspan_echo_port:exited(Port)
        end
     || Info <- [fun erlang:port_info/1 | [fun(Port) -> erlang:port_info(Port, Item) end || Item <- ?ITEMS]]
    ].

port_info_fails_with_badarg_if_port_is_no_local_port_identifier_or_atom() ->
    [
        begin
            ?assertError(badarg, erlang:port_info(Port)),
            ?assertError(badarg, erlang:port_info(Port, name))
        end
     || Port <- [self(), "port", 1, make_ref()]
    ],
    %% Of any port that has just something else to do, OTP 25 never says so.
    Port = open(),
    assert_alive(Port),
    ?assertError(badarg, erlang:port_info(Port, no_such_item)).

ports_is_a_list_of_all_ports_that_are_open() ->
    Ports = [open() || _ <- lists:seq(1, 20)],
    ?assertEqual([], Ports -- erlang:ports()),
    [true = port_close(Port) || Port <- Ports],
    ?assertEqual(Ports, Ports -- erlang:ports()).
