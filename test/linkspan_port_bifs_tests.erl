%% port_command/2,3, port_control/3, port_call/3, port_close/1 and port_connect/2 on the driver, as erlang(3) has them.
-module(linkspan_port_bifs_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    open/0, open/1, closed/0, call/2, cast/2, reply/2, control/3, spin/1, received/1, exited/1, down/1, until/1,
    process/0, in/2, assert_alive/1, assert_quiet/1
]).

-compile(export_all).
-compile(nowarn_export_all).

port_test_() -> linkspan_echo_port:each(?MODULE).

%% Each of the BIFs fails so: for a closed port, a name that nobody has, and what is no port.
not_an_open_port(Bif) ->
    [?assertError(badarg, Bif(Port)) || Port <- [closed(), linkspan_no_such_port, self(), "port", 0]],
    exit_signal_first(Bif).

%% If the caller was linked to the closed port, the exit signal is there before the badarg.
exit_signal_first(Bif) ->
    process_flag(trap_exit, true),
    Port = open(),
    spawn(fun() -> exit(Port, over) end),
    until(fun() ->
        try
            Bif(Port),
            false
        catch
            error:badarg -> true
        end
    end),
    receive
        {'EXIT', Port, over} -> ok
    after 0 -> error(no_exit_signal)
    end,
    process_flag(trap_exit, false).

%% port_command/2

port_command_sends_data_to_the_port_and_returns_true() ->
    Port = open(),
    ?assertEqual(true, port_command(Port, call(2, <<"hi">>))),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

port_command_takes_iodata() ->
    Port = open(),
    Long = binary:copy(<<"x">>, 100000),
    [
        begin
            true = port_command(Port, call(2, Body)),
            ?assertEqual(reply(?OK, iolist_to_binary(Body)), received(Port))
        end
     || Body <- [[], <<>>, "list", ["deep", [[["list"]], <<"binary">>] | <<"tail">>], Long, [Long, $x, Long]]
    ].

any_process_can_send_data_by_port_command() ->
    Port = open(),
    in(process(), fun() -> port_command(Port, call(2, <<"hi">>)) end),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

port_command_fails_with_badarg_if_port_is_not_an_open_port() ->
    not_an_open_port(fun(Port) -> port_command(Port, cast(1, <<>>)) end),
    not_an_open_port(fun(Port) -> port_command(Port, cast(1, <<>>), []) end).

port_command_fails_with_badarg_if_data_is_an_invalid_io_list() ->
    Port = open(),
    [
        begin
            ?assertError(badarg, port_command(Port, Data)),
            ?assertError(badarg, port_command(Port, Data, [nosuspend]))
        end
     || Data <- [data, 1, [256], [-1], ["tag" | tag], {<<"tag">>}, <<1:1>>]
    ],
    assert_alive(Port),
    assert_quiet(Port).

%% port_command/3

port_command_with_no_options_equals_port_command() ->
    Port = open(),
    ?assertEqual(true, port_command(Port, call(2, <<"hi">>), [])),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

nosuspend_changes_nothing_if_the_port_is_not_busy() ->
    Port = open(),
    ?assertEqual(true, port_command(Port, call(2, <<"hi">>), [nosuspend])),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

force_fails_with_notsup_as_the_driver_does_not_allow_it() ->
    Port = open(),
    ?assertError(notsup, port_command(Port, call(2, <<"hi">>), [force])),
    ?assertError(notsup, port_command(Port, call(2, <<"hi">>), [force, nosuspend])),
    assert_quiet(Port).

port_command_fails_with_badarg_if_the_option_list_is_invalid() ->
    Port = open(),
    [
        ?assertError(badarg, port_command(Port, call(2, <<"hi">>), Options))
     || Options <- [nosuspend, [unknown], [nosuspend, unknown], [nosuspend | nosuspend], [{nosuspend, true}]]
    ],
    assert_quiet(Port).

%% A port whose queue of signals is busy with a single command, and how many of ours it took before it was. Nothing is to
%% be expected of a command without `nosuspend` then: VMs older than August 2026 can leave such a port busy for ever.
busy() ->
    Port = open([binary, {parallelism, true}, {busy_limits_msgq, {1, 1}}]),
    {Port, sent_until_aborted(Port, 0)}.

sent_until_aborted(Port, Sent) ->
    %% A message is only queued, for a scheduler to handle; nothing is open under this tag.
    Port ! {self(), {command, linkspan_echo_port:cancel(<<"nobody">>)}},
    case port_command(Port, cast(7, <<"sent">>), [nosuspend]) of
        true -> sent_until_aborted(Port, Sent + 1);
        false -> Sent
    end.

nosuspend_returns_false_if_the_port_is_busy() ->
    Port = open([binary, {parallelism, true}, {busy_limits_msgq, {1, 1}}]),
    until(fun() ->
        Port ! {self(), {command, cast(1, <<"queued">>)}},
        false =:= port_command(Port, cast(1, <<"aborted">>), [nosuspend])
    end).

what_nosuspend_aborts_is_not_sent() ->
    {Port, Sent} = busy(),
    %% Everything before this has been handled when it is.
    <<_/binary>> = control(Port, 9, <<>>),
    true = port_close(Port),
    ?assertEqual(Sent, events(Port)).

events(Port) ->
    receive
        {Port, {data, <<?EVENT, "sent">>}} -> 1 + events(Port)
    after 0 -> 0
    end.

a_busy_port_suspends_until_it_is_not_busy_any_more() ->
    Port = open([binary, {parallelism, true}, {busy_limits_msgq, {1, 1}}]),
    Senders = [
        spawn_monitor(fun() -> [true = port_command(Port, cast(7, <<"sent">>)) || _ <- lists:seq(1, 200)] end)
     || _ <- lists:seq(1, 5)
    ],
    [?assertEqual(normal, down(Monitor)) || {_, Monitor} <- Senders],
    [?assertEqual(<<?EVENT, "sent">>, received(Port)) || _ <- lists:seq(1, 1000)].

a_busy_port_stops_no_control() ->
    {Port, _Sent} = busy(),
    assert_alive(Port).

%% A full queue of requests does not make the port busy: who waits must be able to cancel.
a_full_queue_of_requests_is_an_answer_and_not_a_suspension() ->
    Port = open_port({spawn_driver, "linkspan"}, [binary]),
    Path = unicode:characters_to_binary(filename:join(code:priv_dir(linkspan), "native/echo.so")),
    true = port_command(Port, [<<?LOAD, 3:16, ?TAG, 1, (byte_size(Path)):32>>, Path, <<"echo">>]),
    <<?REPLY, 3:16, ?TAG, ?OK, _/binary>> = received(Port),
    true = port_command(Port, <<?START, 3:16, ?TAG, 1:64, (1 bsl 20):64, 0>>),
    ?assertEqual(reply(?OK, <<>>), received(Port)),
    spin(Port),
    ?assertEqual(true, port_command(Port, call(2, <<>>), [nosuspend])),
    ?assertEqual(reply(7, <<>>), received(Port)),
    ?assertEqual(true, port_command(Port, linkspan_echo_port:cancel(<<"spin">>), [nosuspend])),
    ?assertEqual(linkspan_echo_port:reply(<<"spin">>, ?CANCELLED, <<>>), received(Port)).

%% port_control/3

port_control_returns_a_reply_as_binary_whatever_the_settings() ->
    [?assertEqual(<<"hi">>, control(open(Settings), 1, <<"hi">>)) || Settings <- [[], [binary]]].

port_control_takes_iodata() ->
    Port = open(),
    Long = binary:copy(<<"x">>, 100000),
    [
        ?assertEqual(iolist_to_binary(Body), control(Port, 1, Body))
     || Body <- [[], <<>>, "list", ["deep", [[["list"]], <<"binary">>] | <<"tail">>], Long, [Long, $x, Long]]
    ].

any_process_can_control_a_port() ->
    Port = open(),
    ?assertEqual(<<"hi">>, in(process(), fun() -> control(Port, 1, <<"hi">>) end)).

port_control_fails_with_badarg_if_port_is_not_an_open_port() ->
    not_an_open_port(fun(Port) -> port_control(Port, 1, <<>>) end).

port_control_fails_with_badarg_if_operation_cannot_fit_in_32_bits() ->
    Port = open(),
    [?assertError(badarg, port_control(Port, Operation, <<>>)) || Operation <- [-1, 1 bsl 32, 1 bsl 64, 1.0, echo]],
    assert_alive(Port).

port_control_fails_with_badarg_if_the_driver_so_decides() ->
    Port = open(),
    [
        ?assertError(badarg, port_control(Port, Operation, Body))
     || {Operation, Body} <- [
            %% Commands that nobody knows.
            {16#C000000B, <<>>},
            {16#FFFFFFFF, <<>>},
            %% Bodies that are too short, or too long.
            {16#C0000000, <<1:64>>},
            {16#C0000004, <<9:32, "short">>},
            {16#C0000005, <<1:32>>},
            {16#C0000006, <<"long">>},
            {16#C0000007, <<1>>},
            {16#C0000008, <<9:16, "short">>},
            {16#C0000009, <<1:24>>}
        ]
    ],
    assert_alive(Port).

port_control_fails_with_badarg_for_a_reference_that_is_none() ->
    Port = open(),
    Good = term_to_binary(make_ref()),
    [
        begin
            ?assertError(badarg, port_control(Port, 16#C0000000, [<<1:64, 0:32>>, Bad])),
            ?assertError(badarg, port_control(Port, 16#C0000005, [<<1:64>>, Bad])),
            ?assertError(badarg, port_control(Port, 16#C0000008, [<<(byte_size(Bad)):16>>, Bad, <<2:32, 0:32, 0>>])),
            ?assertError(badarg, port_control(Port, 16#C0000009, [<<1:32>>, Bad]))
        end
     || Bad <- [<<>>, <<"junk">>, term_to_binary(tag), term_to_binary({make_ref()}), <<Good/binary, 0>>, cut(Good)]
    ],
    Pid = term_to_binary(self()),
    Listen = fun(Who, Term) -> port_control(Port, 16#C0000004, [<<(byte_size(Who)):32>>, Who, Term]) end,
    [?assertError(badarg, Listen(Who, Good)) || Who <- [<<>>, <<"junk">>, term_to_binary(pid)]],
    [?assertError(badarg, Listen(Pid, Term)) || Term <- [<<>>, <<"junk">>, <<Good/binary, 0>>, cut(Good)]],
    ?assertEqual(<<>>, Listen(Pid, Good)),
    assert_quiet(Port).

cut(Binary) -> binary:part(Binary, 0, byte_size(Binary) - 1).

port_control_fails_with_badarg_if_data_is_an_invalid_io_list() ->
    Port = open(),
    [?assertError(badarg, port_control(Port, 1, Data)) || Data <- [data, 1, [256], [-1], ["tag" | tag]]].

%% erlang:port_call/3

port_call_returns_a_term_from_the_driver() ->
    Port = open(),
    assert_alive(Port),
    [
        ?assertEqual({ok, Term}, erlang:port_call(Port, 1, Term))
     || Term <- [
            atom, '', 0, -1, 1 bsl 100, -1.5, [], "string", [improper | list], {}, {tuple}, #{}, #{map => [1]}, <<>>,
            <<1:1>>, self(), make_ref(), Port, fun erlang:self/0, lists:seq(1, 10000), binary:copy(<<"x">>, 100000),
            list_to_atom(lists:duplicate(255, $\x{263a}))
        ]
    ].

port_call_passes_funs_with_their_environment() ->
    Port = open(),
    assert_alive(Port),
    Secret = make_ref(),
    {ok, Fun} = erlang:port_call(Port, 1, fun() -> Secret end),
    ?assertEqual(Secret, Fun()).

port_call_fails_with_badarg_if_port_is_not_an_open_port() ->
    not_an_open_port(fun(Port) -> erlang:port_call(Port, 1, term) end).

port_call_fails_with_badarg_if_operation_does_not_fit_in_32_bits() ->
    Port = open(),
    [?assertError(badarg, erlang:port_call(Port, Operation, term)) || Operation <- [-1, 1 bsl 32, 1.0, echo]].

port_call_fails_with_badarg_if_the_driver_so_decides() ->
    Port = open(),
    [?assertError(badarg, erlang:port_call(Port, Operation, term)) || Operation <- [1 bsl 30, 1 bsl 31, 16#FFFFFFFF]],
    assert_alive(Port).

%% port_close/1

port_close_closes_an_open_port_and_returns_true() ->
    Port = open(),
    ?assertEqual(true, port_close(Port)),
    ?assertEqual(undefined, erlang:port_info(Port)).

port_close_does_not_reply_with_closed() ->
    Port = open(),
    true = port_close(Port),
    assert_quiet(Port).

any_process_can_close_a_port() ->
    process_flag(trap_exit, true),
    Port = open(),
    ?assertEqual(true, in(process(), fun() -> port_close(Port) end)),
    ?assertEqual(normal, exited(Port)).

the_exit_signal_is_delivered_before_port_close_returns() ->
    process_flag(trap_exit, true),
    Port = open(),
    true = port_close(Port),
    ?assertEqual({messages, [{'EXIT', Port, normal}]}, process_info(self(), messages)).

port_close_ends_the_port_in_the_middle_of_its_work_and_nothing_comes_after() ->
    Port = open(),
    spin(Port),
    true = port_close(Port),
    assert_quiet(Port),
    assert_alive(open()).

port_close_fails_with_badarg_if_port_is_not_an_open_port() ->
    [?assertError(badarg, port_close(Port)) || Port <- [closed(), linkspan_no_such_port, self(), "port", 0]].

%% port_connect/2

port_connect_sets_the_owner_and_does_not_reply() ->
    Port = open(),
    New = process(),
    ?assertEqual(true, port_connect(Port, New)),
    ?assertEqual({connected, New}, erlang:port_info(Port, connected)),
    true = port_command(Port, call(2, <<"hi">>)),
    ?assertEqual(reply(?OK, <<"hi">>), in(New, fun() -> received(Port) end)),
    assert_quiet(Port).

port_connect_links_the_new_owner_and_the_old_one_stays_linked() ->
    Port = open(),
    New = process(),
    true = port_connect(Port, New),
    ?assertEqual({links, lists:sort([self(), New])}, sorted(erlang:port_info(Port, links))),
    Monitor = monitor(port, Port),
    true = unlink(Port),
    New ! {exit, gone},
    ?assertEqual(gone, down(Monitor)).

sorted({Item, List}) -> {Item, lists:sort(List)}.

any_process_can_set_the_owner_to_be_any_process() ->
    Port = open(),
    New = process(),
    ?assertEqual(true, in(process(), fun() -> port_connect(Port, New) end)),
    ?assertEqual({connected, New}, erlang:port_info(Port, connected)).

port_connect_fails_with_badarg_if_port_is_not_an_open_port() ->
    not_an_open_port(fun(Port) -> port_connect(Port, self()) end).

port_connect_fails_with_badarg_if_pid_is_not_an_existing_local_process() ->
    Port = open(),
    {Dead, Monitor} = spawn_monitor(fun() -> ok end),
    normal = down(Monitor),
    [?assertError(badarg, port_connect(Port, Pid)) || Pid <- [Dead, pid, Port, "<0.1.0>"]],
    ?assertEqual({connected, self()}, erlang:port_info(Port, connected)).
