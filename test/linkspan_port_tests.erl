%% Plain ports of the driver, without the client: what docs/frame.md and the Erlang manual's chapter on ports say.
-module(linkspan_port_tests).

-include_lib("eunit/include/eunit.hrl").
-include("../src/linkspan_frame.hrl").

-define(TAG, "tag").
-define(FOREVER, 16#FFFFFFFF).
-define(CAST_BIT, (1 bsl 31)).

port_test_() ->
    {setup, fun() -> ok = linkspan:load() end, fun(_) -> ok end, [
        {timeout, 60, {atom_to_list(Name), fun() -> ?MODULE:Name() end}}
     || {Name, 0} <- ?MODULE:module_info(exports),
        lists:prefix("the_", atom_to_list(Name)) orelse lists:prefix("a_", atom_to_list(Name))
    ]}.

-compile(export_all).
-compile(nowarn_export_all).

echo(Settings) -> echo("", Settings).

echo(Argument, Settings) ->
    open_port({spawn_driver, "linkspan echo" ++ Argument}, Settings).

program(Settings) ->
    Executable = filename:join(code:priv_dir(linkspan), "linkspan_program"),
    open_port({spawn_executable, Executable}, [{args, ["echo"]}, {packet, 4}, nouse_stdio | Settings]).

call(Operation, Body) -> <<?CALL, 3:16, ?TAG, Operation:32, ?FOREVER:32, Body/binary>>.

received(Port) ->
    receive
        {Port, {data, Data}} -> Data
    after 10000 -> error(nothing_received)
    end.

exited(Port) ->
    receive
        {'EXIT', Port, Reason} -> Reason
    after 10000 -> error(no_exit)
    end.

%% The service starts behind open_port/2: until then a request is deferred.
control(Port, Operation, Body) ->
    case port_control(Port, Operation, Body) of
        <<?DEFERRED, _/binary>> ->
            receive
            after 1 -> control(Port, Operation, Body)
            end;
        Answer ->
            Answer
    end.

a_control_answers_with_status_and_reply() ->
    Port = echo([binary]),
    ?assertEqual(<<?OK, "hi">>, control(Port, 1, <<"hi">>)),
    ?assertEqual(<<?OK>>, control(Port, 1, <<>>)),
    ?assertEqual(<<?OK, "iodata">>, control(Port, 1, ["io", <<"data">>])),
    ?assertEqual(<<2, 42:32, "no">>, control(Port, 6, <<"no">>)),
    ?assertEqual(<<4, 4711:32>>, control(Port, 4711, <<>>)),
    ?assertEqual(<<?OK>>, port_control(Port, 1 bor ?CAST_BIT, <<"cast">>)),
    ?assertError(badarg, port_control(Port, 1, not_iodata)),
    ?assertError(badarg, port_control(Port, 1 bsl 30, <<>>)),
    ?assertError(badarg, port_control(Port, 16#C000FFFF, <<>>)),
    true = port_close(Port),
    ?assertError(badarg, port_control(Port, 1, <<>>)).

a_control_takes_and_gives_bodies_of_any_size() ->
    Port = echo([binary]),
    [
        begin
            Body = rand:bytes(Size),
            ?assertEqual(<<?OK, Body/binary>>, control(Port, 1, Body))
        end
     || Size <- [0, 1, 62, 63, 64, 65, 256, 65536, 1 bsl 20]
    ],
    port_close(Port).

a_command_is_answered_by_a_frame() ->
    Port = echo([binary]),
    true = port_command(Port, call(1, <<"by command">>)),
    ?assertEqual(<<?REPLY, 3:16, ?TAG, ?OK, "by command">>, received(Port)),
    Port ! {self(), {command, [call(2, <<"by ">>), "message"]}},
    ?assertEqual(<<?REPLY, 3:16, ?TAG, ?OK, "by message">>, received(Port)),
    Port ! {self(), close},
    receive
        {Port, closed} -> ok
    after 10000 -> error(not_closed)
    end.

a_port_without_binary_delivers_lists() ->
    Port = echo([]),
    true = port_command(Port, call(2, <<"hi">>)),
    ?assertEqual([?REPLY, 0, 3] ++ ?TAG ++ [?OK] ++ "hi", received(Port)),
    port_close(Port).

the_argument_is_what_follows_the_service() ->
    Port = echo(" two words", [binary]),
    ?assertEqual(<<?OK, "two words">>, control(Port, 12, <<>>)),
    port_close(Port).

a_service_name_with_a_slash_is_refused() ->
    ?assertError(badarg, open_port({spawn_driver, "linkspan ../echo"}, [binary])).

a_port_whose_service_cannot_start_exits_with_start_failed() ->
    process_flag(trap_exit, true),
    Failing = echo(" fail", [binary]),
    ?assertEqual(<<?ENDED, 2, 7:32, "told to fail">>, received(Failing)),
    ?assertEqual(start_failed, exited(Failing)),
    Missing = open_port({spawn_driver, "linkspan nothing"}, [binary]),
    <<?ENDED, 10, _/binary>> = received(Missing),
    ?assertEqual(start_failed, exited(Missing)).

a_panic_ends_the_port_with_its_message() ->
    process_flag(trap_exit, true),
    Port = echo([binary]),
    true = port_command(Port, call(5, <<"boom">>)),
    <<?REPLY, 3:16, ?TAG, 3, "boom at ", _/binary>> = received(Port),
    <<?ENDED, 3, "boom at ", _/binary>> = received(Port),
    {panic, <<"boom at ", _/binary>>} = exited(Port).

a_broken_frame_ends_the_port() ->
    process_flag(trap_exit, true),
    Port = echo([binary]),
    true = port_command(Port, <<99, 0:16>>),
    ?assertEqual(<<?ENDED, 9, "99 is no kind of request frame">>, received(Port)),
    ?assertEqual({protocol, <<"99 is no kind of request frame">>}, exited(Port)).

a_call_of_terms_works_for_operations_that_answer_in_terms() ->
    Port = echo([binary]),
    Term = {a, [1.5, #{<<"b">> => self()}], "c"},
    ?assertEqual(<<?OK>>, control(Port, 1, <<>>)),
    ?assertEqual({ok, Term}, erlang:port_call(Port, 1, Term)),
    ?assertMatch({error, 4, <<4711:32>>}, erlang:port_call(Port, 4711, Term)),
    ?assertMatch({error, 5, _}, erlang:port_call(Port, 9, Term)),
    ?assertMatch({deferred, _}, erlang:port_call(Port, 2, Term)),
    port_close(Port).

%% The order of frames, and every byte of them, is the same whoever answers.
a_frame_is_answered_alike_by_driver_and_program() ->
    Frames = [
        call(1, <<"inline">>),
        call(2, <<"deferred">>),
        call(6, <<"refused">>),
        call(13, <<>>),
        call(4711, <<"unknown">>),
        call(7, <<"event">>),
        <<?CAST, 3:16, ?TAG, 1:32, "cast">>,
        <<?CALL, 0:16, 1:32, ?FOREVER:32, "no tag">>,
        <<?ROOM, 3:16, ?TAG, 100:64>>
    ],
    [Driver, Program] =
        [
            [answers(Port, Frame) || Frame <- Frames]
         || Port <- [echo([binary]), program([binary])]
        ],
    ?assertEqual(Driver, Program),
    ?assert(lists:member([<<?EVENT, "event">>, <<?REPLY, 3:16, ?TAG, ?OK>>], Driver)).

%% Everything up to the answer to the frame.
answers(Port, Frame) ->
    true = port_command(Port, Frame),
    until_reply(Port).

until_reply(Port) ->
    case received(Port) of
        <<?REPLY, _/binary>> = Reply -> [Reply];
        Other -> [Other | until_reply(Port)]
    end.

a_cancelled_call_is_answered_with_cancelled_once() ->
    [
        begin
            true = port_command(Port, call(4, <<"86400000000">>)),
            true = port_command(Port, <<?CANCEL, 3:16, ?TAG>>),
            ?assertEqual(<<?REPLY, 3:16, ?TAG, ?CANCELLED>>, received(Port)),
            true = port_command(Port, call(2, <<"next">>)),
            ?assertEqual(<<?REPLY, 3:16, ?TAG, ?OK, "next">>, received(Port)),
            port_close(Port)
        end
     || Port <- [echo([binary]), program([binary])]
    ].

a_dead_caller_s_work_is_told_to_stop() ->
    {ok, Instance} = linkspan:open([{service, echo}]),
    {Caller, Monitor} = spawn_monitor(fun() -> linkspan:call(Instance, spin, "86400000000", infinity) end),
    #{queue := #{requests := 1}} = until(Instance, 1),
    exit(Caller, kill),
    receive
        {'DOWN', Monitor, process, Caller, killed} -> ok
    end,
    #{queue := #{requests := 0}} = until(Instance, 0),
    linkspan:close(Instance).

until(Instance, Requests) ->
    case linkspan:info(Instance) of
        #{queue := #{requests := Requests}} = Info ->
            Info;
        #{} ->
            receive
            after 1 -> until(Instance, Requests)
            end
    end.
