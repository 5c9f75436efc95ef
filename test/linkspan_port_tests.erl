%% What ports of the driver add to the Erlang manual's contract, without the client: docs/frame.md, "Only in the driver".
-module(linkspan_port_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [assert_alive/1, open/0, call/2, control/3, received/1, received_message/0, exited/1, until/1]).

-compile(export_all).
-compile(nowarn_export_all).

port_test_() -> linkspan_echo_port:each(?MODULE).

a_control_answers_with_the_reply_or_a_list() ->
    Port = open(),
    ?assertEqual(<<"hi">>, control(Port, 1, <<"hi">>)),
    ?assertEqual(<<>>, control(Port, 1, <<>>)),
    ?assertEqual(<<"iodata">>, control(Port, 1, ["io", <<"data">>])),
    ?assertEqual([2, 0, 0, 0, 42 | "no"], control(Port, 6, <<"no">>)),
    ?assertEqual([4 | binary_to_list(<<4711:32>>)], control(Port, 4711, <<>>)),
    ?assertEqual(<<>>, port_control(Port, 1 bor ?CAST_BIT, <<"cast">>)),
    ?assertError(badarg, port_control(Port, 1, not_iodata)),
    ?assertError(badarg, port_control(Port, 16#C000FFFF, <<>>)),
    true = port_close(Port),
    ?assertError(badarg, port_control(Port, 1, <<>>)).

a_control_may_say_how_long_its_caller_waits() ->
    Port = open(),
    assert_alive(Port),
    Timed = fun(Operation, Timeout, Body) ->
        attached(Port, port_control(Port, (1 bsl 30) bor (Timeout bsl 6) bor Operation, Body))
    end,
    ?assertEqual(<<"short">>, Timed(1, 1000, <<"short">>)),
    ?assertEqual(<<"long">>, Timed(2, 60000, <<"long">>)),
    Left = binary_to_integer(Timed(16, 60000, <<>>)),
    ?assert(Left > 0 andalso Left =< 60000),
    %% Over before it begins.
    ?assertEqual([14], Timed(3, 0, <<"60000000">>)),
    ?assertEqual([4 | binary_to_list(<<63:32>>)], Timed(63, 16#FFFFFF, <<>>)),
    port_close(Port).

%% Waits for the answer to a call that was deferred.
attached(Port, [1 | Id]) ->
    Reference = make_ref(),
    case port_control(Port, 16#C0000000, [Id, <<16#FFFFFFFF:32>>, term_to_binary(Reference)]) of
        [1] ->
            receive
                {Reference, 0, Reply} -> Reply;
                {Reference, Status, Why} -> [Status | binary_to_list(Why)]
            end;
        Answer ->
            Answer
    end;
attached(_Port, Answer) ->
    Answer.

a_control_takes_and_gives_bodies_of_any_size() ->
    Port = open(),
    [
        begin
            Body = rand:bytes(Size),
            ?assertEqual(Body, control(Port, 1, Body))
        end
     || Size <- [0, 1, 62, 63, 64, 65, 256, 65536, 1 bsl 20]
    ],
    port_close(Port).

a_panic_ends_the_port_with_its_message() ->
    process_flag(trap_exit, true),
    Port = open(),
    true = port_command(Port, call(5, <<"boom">>)),
    ?assertMatch({panic, <<"boom at ", _/binary>>}, exited(Port)).

a_broken_frame_ends_the_port_with_what_is_wrong() ->
    process_flag(trap_exit, true),
    [
        begin
            Port = open(),
            true = port_command(Port, Frame),
            ?assertEqual(<<?ENDED, 9, Why/binary>>, received(Port)),
            ?assertEqual({protocol, Why}, exited(Port))
        end
     || {Frame, Why} <- [
            {<<99, 0:16>>, <<"99 is no kind of request frame">>},
            {<<8>>, <<"the frame ends before its reference length">>},
            {<<8, 9:16, "short">>, <<"the frame ends before its reference">>},
            {[<<8, 9:16>>, "short"], <<"the frame ends before its reference">>},
            {<<8, 0:16, 1>>, <<"the frame ends before its operation">>},
            {<<8, 0:16, 1:32, 1>>, <<"the frame ends before its time-out">>},
            {<<8, 0:16, 1:32, 1:32>>, <<"the frame ends before its mode">>},
            {<<8, 0:16, 1:32, 1:32, 2, 1>>, <<"the frame ends before its credit">>},
            {<<8, 0:16, 1:32, 1:32, 3>>, <<"3 is no way to run a call">>},
            {<<8, 3:16, "tag", 1:32, 1:32, 0>>, <<"the reference is none in the external term format">>},
            {[<<8, 0:16, 1:32, 1:32, 0>>, "body"], <<"the reference is none in the external term format">>}
        ]
    ].

a_direct_frame_is_answered_to_its_sender_however_it_is_divided() ->
    Port = open(),
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    Head = <<8, (byte_size(Tag)):16, Tag/binary, 2:32, ?FOREVER:32, 0>>,
    Long = binary:copy(<<"x">>, 100000),
    [
        begin
            true = port_command(Port, Frame),
            ?assertEqual({Reference, ?OK, Body}, received_message())
        end
     || {Frame, Body} <- [
            {Head, <<>>},
            {<<Head/binary, "body">>, <<"body">>},
            {[Head, Long], Long},
            {[Head, Long, <<"and more">>], <<Long/binary, "and more">>},
            {[<<8>>, binary:part(Head, 1, byte_size(Head) - 1), Long], Long}
        ]
    ].

a_direct_stream_comes_in_parts_as_there_is_credit() ->
    Port = open(),
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    Head = <<8, (byte_size(Tag)):16, Tag/binary, 20:32, ?FOREVER:32, 2, 2:32>>,
    true = port_command(Port, [Head, <<"3">>]),
    ?assertEqual({Reference, 15, <<"1">>}, received_message()),
    ?assertEqual({Reference, 15, <<"2">>}, received_message()),
    ?assertEqual(<<>>, port_control(Port, 16#C0000009, <<9:32, Tag/binary>>)),
    ?assertEqual({Reference, 15, <<"3">>}, received_message()),
    ?assertEqual({Reference, ?OK, <<>>}, received_message()),
    %% Too late, and none of this caller's.
    ?assertEqual(<<>>, port_control(Port, 16#C0000009, <<9:32, Tag/binary>>)),
    ?assertEqual(<<>>, port_control(Port, 16#C0000009, <<9:32, (term_to_binary(make_ref()))/binary>>)),
    port_close(Port).

a_direct_call_that_is_to_be_deferred_is() ->
    Port = open(),
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    ?assertEqual(<<>>, control(Port, 1, <<>>)),
    <<_, _:16/binary, Inline:64, Deferred:64, _/binary>> = port_control(Port, 16#C0000006, <<>>),
    Head = <<8, (byte_size(Tag)):16, Tag/binary, 1:32, ?FOREVER:32, 1>>,
    true = port_command(Port, [Head, <<"body">>]),
    ?assertEqual({Reference, ?OK, <<"body">>}, received_message()),
    <<_, _:16/binary, Inline:64, Now:64, _/binary>> = port_control(Port, 16#C0000006, <<>>),
    ?assertEqual(Deferred + 1, Now),
    port_close(Port).

a_call_of_terms_works_for_operations_that_answer_in_terms() ->
    Port = open(),
    Term = {a, [1.5, #{<<"b">> => self()}], "c"},
    ?assertEqual(<<>>, control(Port, 1, <<>>)),
    ?assertEqual({ok, Term}, erlang:port_call(Port, 1, Term)),
    ?assertMatch({error, 4, <<4711:32>>}, erlang:port_call(Port, 4711, Term)),
    ?assertMatch({error, 5, _}, erlang:port_call(Port, 9, Term)),
    ?assertMatch({deferred, _}, erlang:port_call(Port, 2, Term)),
    port_close(Port).

a_dead_caller_s_work_is_told_to_stop() ->
    {ok, Instance} = linkspan:open([{service, echo}]),
    {Caller, Monitor} = spawn_monitor(fun() -> linkspan:call(Instance, spin, "86400000000", infinity) end),
    until(fun() -> open_requests(Instance) =:= 1 end),
    exit(Caller, kill),
    receive
        {'DOWN', Monitor, process, Caller, killed} -> ok
    end,
    until(fun() -> open_requests(Instance) =:= 0 end),
    linkspan:close(Instance).

open_requests(Instance) ->
    #{queue := #{requests := Requests}} = linkspan:info(Instance),
    Requests.
