%% The exchange test: each case is given a plain port and cannot tell whether the driver or the program answers. Only
%% open/2 knows: it exchanges {spawn_driver, _} for {spawn_executable, _} and `args`, and nothing else. One long file,
%% for one body of cases.
-module(linkspan_port_exchange_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    call/2, call/3, cast/2, cancel/1, reply/2, reply/3, received/1, received_message/0, exited/1, process/0, in/2
]).

-compile(export_all).
-compile(nowarn_export_all).

-define(SETTINGS, [{packet, 4}, nouse_stdio, binary]).
-define(SERVICE, ["echo"]).
%% Functions of one argument that are no cases.
-define(PARTS, [module_info, settled, running, info, loaded, library]).

exchange_test_() ->
    {setup, fun linkspan_echo_port:load/0, fun(_) -> ok end, [
        {spawn, {timeout, 60, {title(Name, Host), fun() -> play(Name, Host) end}}}
     || {Name, 1} <- ?MODULE:module_info(exports), not lists:member(Name, ?PARTS), Host <- [driver, program]
    ]}.

title(Name, Host) -> linkspan_echo_port:words(Name) ++ " (" ++ atom_to_list(Host) ++ ")".

%% Runs a case with a function that opens ports: of echo, or with other words.
play(Name, Host) ->
    process_flag(trap_exit, true),
    ?MODULE:Name(fun(Words) -> open(Host, Words) end).

open(driver, Words) ->
    open_port({spawn_driver, lists:append(lists:join(" ", ["linkspan" | Words]))}, ?SETTINGS);
open(program, Words) ->
    Program = filename:join(code:priv_dir(linkspan), "linkspan_program"),
    open_port({spawn_executable, Program}, [{args, Words} | ?SETTINGS]).

%% Sends frames, and asserts what comes: exactly this.
talk(_Port, []) -> ok;
talk(Port, [{send, Frame} | Steps]) ->
    true = port_command(Port, Frame),
    talk(Port, Steps);
talk(Port, [{expect, Frame} | Steps]) ->
    ?assertEqual(Frame, received(Port)),
    talk(Port, Steps).

%% The answer to a request that is sent last: whatever was wrongly sent before it would be here in its place.
settled(Port) ->
    talk(Port, [{send, call(<<"settled">>, 2, <<>>)}, {expect, reply(<<"settled">>, ?OK, <<>>)}]),
    ?assertEqual({messages, []}, process_info(self(), messages)).

%% Calls

a_call_is_answered_under_its_tag(Open) ->
    Port = Open(?SERVICE),
    Tags = [<<>>, <<0>>, <<"tag">>, rand:bytes(65535)],
    [
        talk(Port, [{send, call(Tag, Operation, <<"hi">>)}, {expect, reply(Tag, ?OK, <<"hi">>)}])
     || Tag <- Tags, Operation <- [1, 2]
    ],
    settled(Port).

bodies_come_back_intact_whatever_their_size(Open) ->
    Port = Open(?SERVICE),
    [
        begin
            Body = rand:bytes(Size),
            talk(Port, [{send, call(Operation, Body)}, {expect, reply(?OK, Body)}])
        end
     || Size <- [0, 1, 63, 64, 65, 255, 256, 4096, 65535, 65536, 1 bsl 20, 16 bsl 20], Operation <- [1, 2]
    ],
    settled(Port).

a_frame_may_be_sent_in_pieces_by_message_and_by_anybody(Open) ->
    Port = Open(?SERVICE),
    Owner = self(),
    Frame = [[?CALL, <<3:16>>], [["tag"] | <<2:32>>], [], <<?FOREVER:32>>, $h | <<"i">>],
    Port ! {self(), {command, Frame}},
    talk(Port, [{expect, reply(?OK, <<"hi">>)}]),
    in(process(), fun() -> port_command(Port, Frame) end),
    talk(Port, [{expect, reply(?OK, <<"hi">>)}]),
    in(process(), fun() -> Port ! {Owner, {command, Frame}} end),
    talk(Port, [{expect, reply(?OK, <<"hi">>)}]),
    true = port_command(Port, Frame, [nosuspend]),
    talk(Port, [{expect, reply(?OK, <<"hi">>)}]),
    settled(Port).

errors_have_a_status_and_a_body(Open) ->
    Port = Open(?SERVICE),
    [
        talk(Port, [{send, call(Operation, Body)}, {expect, reply(Status, Answer)}])
     || {Operation, Body, Status, Answer} <- [
            {6, <<"no">>, 2, <<42:32, "no">>},
            {13, <<>>, 5, <<"refused">>},
            {3, <<"soon">>, 5, <<"the body is to be a decimal number">>},
            {0, <<>>, 4, <<0:32>>},
            {4711, <<>>, 4, <<4711:32>>},
            {(1 bsl 30) - 1, <<>>, 4, <<((1 bsl 30) - 1):32>>},
            {1 bsl 30, <<>>, 4, <<(1 bsl 30):32>>},
            {16#FFFFFFFF, <<>>, 4, <<16#FFFFFFFF:32>>}
        ]
    ],
    settled(Port).

the_time_out_of_a_call_is_told_to_the_service(Open) ->
    Port = Open(?SERVICE),
    talk(Port, [{send, call(16, <<>>)}, {expect, reply(?OK, <<"infinity">>)}]),
    true = port_command(Port, <<?CALL, 3:16, ?TAG, 16:32, 60000:32>>),
    <<?REPLY, 3:16, ?TAG, ?OK, Left/binary>> = received(Port),
    ?assert(binary_to_integer(Left) > 0 andalso binary_to_integer(Left) =< 60000).

a_call_whose_time_is_over_is_answered_with_timeout(Open) ->
    Port = Open(?SERVICE),
    talk(Port, [{send, <<?CALL, 3:16, ?TAG, 4:32, 5:32, "86400000000">>}, {expect, reply(14, <<>>)}]),
    settled(Port).

%% Casts

a_cast_is_acknowledged_if_it_has_a_tag(Open) ->
    Port = Open(?SERVICE),
    Cast = fun(Operation, Body) -> [<<?CAST, 3:16, ?TAG, Operation:32>>, Body] end,
    %% Before the service is loaded, nobody knows its operations.
    settled(Port),
    talk(Port, [
        {send, Cast(1, <<"hi">>)}, {expect, reply(?OK, <<>>)},
        {send, Cast(2, <<"hi">>)}, {expect, reply(?OK, <<>>)},
        {send, Cast(6, <<"no">>)}, {expect, reply(?OK, <<>>)},
        {send, Cast(4711, <<>>)}, {expect, reply(4, <<4711:32>>)}
    ]),
    settled(Port).

a_cast_without_a_tag_is_never_answered(Open) ->
    Port = Open(?SERVICE),
    [talk(Port, [{send, cast(Operation, <<"hi">>)}]) || Operation <- [1, 2, 6, 13, 4711]],
    settled(Port).

%% Order

requests_are_handled_and_answered_in_the_order_in_which_they_were_sent(Open) ->
    Port = Open(?SERVICE),
    Tag = fun(N) -> integer_to_binary(N) end,
    Numbers = lists:seq(1, 1000),
    %% Some short, some long.
    [true = port_command(Port, call(Tag(N), 1 + N rem 2, Tag(N))) || N <- Numbers],
    [?assertEqual(reply(Tag(N), ?OK, Tag(N)), received(Port)) || N <- Numbers],
    settled(Port).

an_event_comes_before_the_answer_to_its_call(Open) ->
    Port = Open(?SERVICE),
    [
        talk(Port, [{send, call(7, Event)}, {expect, <<?EVENT, Event/binary>>}, {expect, reply(?OK, <<>>)}])
     || Event <- [<<>>, <<"event">>, rand:bytes(100000)]
    ],
    settled(Port).

events_come_in_the_order_in_which_they_were_sent(Open) ->
    Port = Open(?SERVICE),
    Numbers = lists:seq(1, 1000),
    [true = port_command(Port, cast(7, integer_to_binary(N))) || N <- Numbers],
    [?assertEqual(<<?EVENT, (integer_to_binary(N))/binary>>, received(Port)) || N <- Numbers],
    settled(Port).

an_event_of_the_start_comes_first(Open) ->
    Port = Open(["echo", "emit"]),
    talk(Port, [{send, call(12, <<>>)}, {expect, <<?EVENT, "started">>}, {expect, reply(?OK, <<"emit">>)}]).

%% Cancel

a_running_call_is_cancelled(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    talk(Port, [{send, cancel(<<"spin">>)}, {expect, reply(<<"spin">>, ?CANCELLED, <<>>)}]),
    settled(Port).

%% A call that goes on until it is told to stop, and has begun.
running(Port) ->
    true = port_command(Port, call(<<"spin">>, 4, <<"86400000000">>)),
    linkspan_echo_port:until(fun() -> {open, 1} =:= info(Port) end).

info(Port) ->
    true = port_command(Port, <<?INFO, 4:16, "info">>),
    case received(Port) of
        <<?REPLY, 4:16, "info", ?OK, 1, Requests:64, _/binary>> -> {open, Requests};
        <<?REPLY, 4:16, "info", ?OK, 0, Requests:64, _/binary>> -> {starting, Requests}
    end.

a_queued_call_is_cancelled_and_never_handled(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    talk(Port, [
        {send, call(<<"queued">>, 7, <<"event">>)},
        {send, cancel(<<"queued">>)}, {expect, reply(<<"queued">>, ?CANCELLED, <<>>)},
        {send, cancel(<<"spin">>)}, {expect, reply(<<"spin">>, ?CANCELLED, <<>>)}
    ]),
    settled(Port).

a_cancel_of_what_is_not_open_is_not_answered(Open) ->
    Port = Open(?SERVICE),
    talk(Port, [{send, call(2, <<>>)}, {expect, reply(?OK, <<>>)}]),
    talk(Port, [{send, cancel(Tag)} || Tag <- [<<?TAG>>, <<>>, <<"other">>]]),
    settled(Port).

of_two_calls_with_one_tag_the_later_is_cancelled(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    talk(Port, [
        {send, call(<<"same">>, 2, <<"first">>)},
        {send, call(<<"same">>, 2, <<"second">>)},
        {send, cancel(<<"same">>)}, {expect, reply(<<"same">>, ?CANCELLED, <<>>)},
        {send, cancel(<<"spin">>)}, {expect, reply(<<"spin">>, ?CANCELLED, <<>>)},
        {expect, reply(<<"same">>, ?OK, <<"first">>)}
    ]),
    settled(Port).

%% Room and a full queue

room_is_answered_at_once_if_there_is_some(Open) ->
    Port = Open(?SERVICE),
    talk(Port, [{send, <<?ROOM, 3:16, ?TAG, 100:64>>}, {expect, reply(?OK, <<>>)}]),
    settled(Port).

a_full_queue_refuses_and_says_when_there_is_room(Open) ->
    Port = started(Open, 3, 1 bsl 20, 0),
    running(Port),
    talk(Port, [
        {send, call(<<"2">>, 2, <<>>)},
        {send, call(<<"3">>, 2, <<>>)},
        {send, call(<<"4">>, 2, <<>>)}, {expect, reply(<<"4">>, 7, <<>>)},
        {send, <<?CAST, 3:16, ?TAG, 2:32>>}, {expect, reply(7, <<>>)},
        {send, <<?ROOM, 3:16, ?TAG, 0:64>>},
        {send, cancel(<<"3">>)}, {expect, reply(?OK, <<>>)}, {expect, reply(<<"3">>, ?CANCELLED, <<>>)},
        {send, cancel(<<"spin">>)}, {expect, reply(<<"spin">>, ?CANCELLED, <<>>)}, {expect, reply(<<"2">>, ?OK, <<>>)}
    ]),
    settled(Port).

a_queue_is_bounded_in_bytes_as_well(Open) ->
    Port = started(Open, 100, 1000, 0),
    Long = binary:copy(<<"x">>, 5000),
    talk(Port, [{send, call(2, Long)}, {expect, reply(?OK, Long)}]),
    running(Port),
    talk(Port, [
        {send, call(2, Long)}, {expect, reply(7, <<>>)},
        {send, cancel(<<"spin">>)}, {expect, reply(<<"spin">>, ?CANCELLED, <<>>)}
    ]),
    settled(Port).

many_requests_are_open_and_each_is_answered_once(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    Tags = [integer_to_binary(N) || N <- lists:seq(1, 4095)],
    [true = port_command(Port, call(Tag, 2, Tag)) || Tag <- Tags],
    %% As many as may be, with the one that runs.
    talk(Port, [{send, call(<<"more">>, 2, <<>>)}, {expect, reply(<<"more">>, 7, <<>>)}, {send, cancel(<<"spin">>)}]),
    ?assertEqual(reply(<<"spin">>, ?CANCELLED, <<>>), received(Port)),
    [?assertEqual(reply(Tag, ?OK, Tag), received(Port)) || Tag <- Tags],
    settled(Port).

%% Load, start, info

%% A port whose service was loaded and started by frames.
started(Open, Limit, Bytes, OnPanic) ->
    Port = Open([]),
    {<<64:16, _Hash:64/binary, 1, 1:32, 0, 4:16, "echo", _/binary>>, Port} = {loaded(Port), Port},
    talk(Port, [{send, [<<?START, 3:16, ?TAG, Limit:64, Bytes:64, OnPanic>>, "argument"]}, {expect, reply(?OK, <<>>)}]),
    Port.

loaded(Port) ->
    true = port_command(Port, load(library("echo.so"), <<"echo">>)),
    <<?REPLY, 3:16, ?TAG, ?OK, Description/binary>> = received(Port),
    Description.

load(Path, Service) -> [<<?LOAD, 3:16, ?TAG, ?VERSION, (byte_size(Path)):32>>, Path, Service].

library(Name) -> unicode:characters_to_binary(filename:join([code:priv_dir(linkspan), "native", Name])).

a_service_is_loaded_and_started_by_frames(Open) ->
    Port = started(Open, 4096, 1 bsl 28, 0),
    talk(Port, [{send, call(12, <<>>)}, {expect, reply(?OK, <<"argument">>)}]),
    settled(Port).

the_description_is_the_same(Open) ->
    Port = Open([]),
    Description = loaded(Port),
    put(description, Description),
    %% Of another port, hence of another host in its turn.
    [?assertEqual(Description, loaded(open(Host, []))) || Host <- [driver, program]].

what_cannot_be_loaded_is_said_and_may_be_tried_again(Open) ->
    Port = Open([]),
    true = port_command(Port, load(<<"/no.so">>, <<"echo">>)),
    ?assertMatch(<<?REPLY, 3:16, ?TAG, 10, 6:32, "/no.so", _:32, "No such file", _/binary>>, received(Port)),
    true = port_command(Port, load(library("../linkspan_program"), <<"echo">>)),
    ?assertMatch(<<?REPLY, 3:16, ?TAG, 11, _/binary>>, received(Port)),
    Path = library("echo.so"),
    Size = byte_size(Path),
    true = port_command(Port, load(Path, <<"nope">>)),
    ?assertEqual(reply(13, <<Size:32, Path/binary, 4:32, "nope", 19:32, "echo, bound, faulty">>), received(Port)),
    _ = loaded(Port).

what_can_be_read_but_not_done_is_a_bad_request(Open) ->
    Port = Open([]),
    Start = <<?START, 3:16, ?TAG, 10:64, 1000:64, 0>>,
    talk(Port, [
        {send, call(2, <<>>)}, {expect, reply(5, <<"no service has been started">>)},
        {send, Start}, {expect, reply(5, <<"no service has been loaded">>)}
    ]),
    _ = loaded(Port),
    talk(Port, [
        {send, load(library("echo.so"), <<"echo">>)},
        {expect, reply(5, <<"the instance has loaded a service already">>)},
        {send, Start}, {expect, reply(?OK, <<>>)},
        {send, Start}, {expect, reply(5, <<"the service has been started already">>)}
    ]),
    settled(Port).

a_refused_start_closes_the_instance(Open) ->
    Port = Open([]),
    _ = loaded(Port),
    talk(Port, [
        {send, <<?START, 3:16, ?TAG, 10:64, 1000:64, 0, "fail">>}, {expect, reply(2, <<7:32, "told to fail">>)},
        {send, call(1, <<>>)}, {expect, reply(8, <<>>)}
    ]).

info_has_one_shape(Open) ->
    Port = Open([]),
    true = port_command(Port, <<?INFO, 3:16, ?TAG>>),
    <<?REPLY, 3:16, ?TAG, ?OK, Blank/binary>> = received(Port),
    %% State and counts, bounds, times of all operations together, and of none by itself.
    ?assertEqual(<<0, 0:640, 4096:64, (1 bsl 28):64, 0:256, 0:16>>, Blank),
    Started = started(Open, 10, 1000, 0),
    talk(Started, [
        {send, call(2, <<>>)}, {expect, reply(?OK, <<>>)},
        {send, call(6, <<"no">>)}, {expect, reply(2, <<42:32, "no">>)}
    ]),
    true = port_command(Started, <<?INFO, 3:16, ?TAG>>),
    <<?REPLY, 3:16, ?TAG, ?OK, Info/binary>> = received(Started),
    <<1, 0:64, 0:64, Inline:64, Deferred:64, 1:64, 0:320, 10:64, 1000:64, 2:64, _All:192, 2:16, Ran/binary>> = Info,
    ?assertEqual(2, Inline + Deferred),
    <<2:32, 0:256, 1:64, _:192, 6:32, _:512>> = Ran.

%% The end

a_panic_is_answered_and_ends_the_port(Open) ->
    [
        begin
            Port = Open(?SERVICE),
            true = port_command(Port, call(Operation, <<"boom">>)),
            <<?REPLY, 3:16, ?TAG, 3, "boom at ", Place/binary>> = received(Port),
            ended(Port, 3, <<"boom at ", Place/binary>>)
        end
     || Operation <- [5, 15]
    ].

%% The instance says why it has ended, and its port exits.
ended(Port, Status, Body) ->
    ?assertEqual(<<?ENDED, Status, Body/binary>>, received(Port)),
    _Reason = exited(Port),
    ?assertEqual(undefined, erlang:port_info(Port)),
    ?assertEqual({messages, []}, process_info(self(), messages)).

a_panic_in_a_cast_ends_the_port(Open) ->
    Port = Open(?SERVICE),
    true = port_command(Port, cast(5, <<"boom">>)),
    <<?ENDED, 3, "boom at ", _/binary>> = received(Port),
    _Reason = exited(Port).

an_instance_that_keeps_on_lives_after_a_panic(Open) ->
    Port = started(Open, 10, 1000, 1),
    [
        begin
            true = port_command(Port, call(Operation, <<"boom">>)),
            ?assertMatch(<<?REPLY, 3:16, ?TAG, 3, "boom at ", _/binary>>, received(Port))
        end
     || Operation <- [5, 15]
    ],
    settled(Port).

a_service_that_cannot_start_ends_the_port(Open) ->
    ended(Open(["echo", "fail"]), 2, <<7:32, "told to fail">>).

a_service_that_is_missing_ends_the_port(Open) ->
    Port = Open(["nothing"]),
    <<?ENDED, 10, Len:32, Path:Len/binary, _/binary>> = received(Port),
    ?assertEqual(<<"nothing.so">>, filename:basename(Path)),
    _Reason = exited(Port).

a_broken_frame_ends_the_port_and_says_why(Open) ->
    [
        begin
            Port = Open(Words),
            true = port_command(Port, Frame),
            ended(Port, 9, Why)
        end
     || {Words, Frame, Why} <- [
            {?SERVICE, <<>>, <<"the frame ends before its kind">>},
            {?SERVICE, <<?CALL>>, <<"the frame ends before its tag length">>},
            {?SERVICE, <<?CALL, 9:16, ?TAG>>, <<"the frame ends before its tag">>},
            {?SERVICE, <<?CALL, 3:16, ?TAG>>, <<"the frame ends before its operation">>},
            {?SERVICE, <<?CALL, 3:16, ?TAG, 1:32, 1>>, <<"the frame ends before its time-out">>},
            {?SERVICE, <<?CAST, 3:16, ?TAG, 1>>, <<"the frame ends before its operation">>},
            {?SERVICE, <<?ROOM, 3:16, ?TAG, 1:32>>, <<"the frame ends before its bytes wanted">>},
            {?SERVICE, <<?CANCEL, 3:16, ?TAG, 0>>, <<"the frame goes on behind its tag">>},
            {?SERVICE, <<?INFO, 3:16, ?TAG, 0>>, <<"the frame goes on behind its tag">>},
            {?SERVICE, <<?ROOM, 3:16, ?TAG, 1:64, 0>>, <<"the frame goes on behind its bytes wanted">>},
            {?SERVICE, <<0, 0:16>>, <<"0 is no kind of request frame">>},
            {?SERVICE, <<?REPLY, 0:16, 0>>, <<"129 is no kind of request frame">>},
            {?SERVICE, <<255, 0:16>>, <<"255 is no kind of request frame">>},
            {[], <<?LOAD, 3:16, ?TAG, 9>>, <<"frame version 9, this host has 1">>},
            {[], <<?LOAD, 3:16, ?TAG, 1, 16#FFFFFFFF:32, "x">>, <<"the frame ends before its path">>},
            {[], <<?LOAD, 3:16, ?TAG, 1, 1:32, 255>>, <<"the path is not UTF-8">>},
            {[], <<?LOAD, 3:16, ?TAG, 1, 0:32, 255>>, <<"the service name is not UTF-8">>},
            {[], <<?START, 3:16, ?TAG, 1:64, 1:64, 2>>, <<"2 is not 0 (stop) or 1 (keep)">>}
        ]
    ].

nothing_comes_after_the_last_frame(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    [true = port_command(Port, call(2, <<"queued">>)) || _ <- lists:seq(1, 100)],
    true = port_command(Port, <<99, 0:16>>),
    ended(Port, 9, <<"99 is no kind of request frame">>).

close_ends_the_port_in_the_middle_of_its_work(Open) ->
    Port = Open(?SERVICE),
    running(Port),
    Port ! {self(), close},
    ?assertEqual([{Port, closed}, {'EXIT', Port, normal}], lists:sort([received_message(), received_message()])),
    ?assertEqual({messages, []}, process_info(self(), messages)).
