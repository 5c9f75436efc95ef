%% What linkspan_model_tests does to instances, in processes that can wait, be killed and be asked what has come to them.
%% Actors, instances, requests and streams go by numbers, so that commands are plain data.
-module(linkspan_actors).

-compile(export_all).
-compile(nowarn_export_all).

%% Only bounds a hang.
-define(BOUND, 30000).
-define(DAY, "86400000000").

start(Actors) ->
    ?MODULE = ets:new(?MODULE, [named_table, public]),
    [start_actor(Actor) || Actor <- Actors],
    ok.

start_actor(Actor) ->
    ets:insert(?MODULE, {{actor, Actor}, spawn(fun actor/0)}).

%% Ends everything; returns what should not have been there any more.
stop(Actors) ->
    Strays = lists:append([in(Actor, fun strays/0) || Actor <- Actors, is_free(Actor)]),
    Pids = [known({actor, Actor}) || Actor <- Actors] ++ [known(Key) || {{collector, _} = Key, _} <- ets:tab2list(?MODULE)],
    Monitors = [erlang:monitor(process, Pid) || Pid <- Pids],
    [exit(Pid, kill) || Pid <- Pids],
    [receive {'DOWN', Monitor, _, _, _} -> ok end || Monitor <- Monitors],
    true = ets:delete(?MODULE),
    Strays.

%% Not in the middle of a call. What its process does just now does not say: one that waits may also be handling a signal.
is_free(Actor) ->
    case ets:lookup(?MODULE, {waiting, Actor}) of
        [] -> true;
        [{_, Reference}] -> receive {Reference, _Result} -> true after 0 -> false end
    end.

known(Key) -> ets:lookup_element(?MODULE, Key, 2).
know(Key, Value) -> ets:insert(?MODULE, {Key, Value}).

actor() ->
    _ = process_flag(trap_exit, true),
    actor_loop().

actor_loop() ->
    receive
        {run, From, Reference, Fun} ->
            From ! {Reference, result(Fun)},
            actor_loop()
    end.

result(Fun) ->
    try Fun()
    catch
        Class:Reason:Stack -> {raised, Class, Reason, Stack}
    end.

%% Does something in an actor.
in(Actor, Fun) -> finished(Actor, begun(Actor, Fun)).

begun(Actor, Fun) ->
    Reference = make_ref(),
    known({actor, Actor}) ! {run, self(), Reference, Fun},
    Reference.

finished(Actor, Reference) ->
    receive
        {Reference, Result} -> Result
    after ?BOUND -> {stuck, process_info(known({actor, Actor}), current_stacktrace)}
    end.

%% Gives up what is open, and returns the messages that nothing explains.
strays() ->
    Self = self(),
    [linkspan:cancel(Request) || {{request, _}, Owner, Request} <- ets:tab2list(?MODULE), Owner =:= Self],
    [linkspan:close_stream(Stream) || {{stream, _}, Owner, Stream} <- ets:tab2list(?MODULE), Owner =:= Self],
    {messages, Messages} = process_info(self(), messages),
    [Message || Message <- Messages, element(1, Message) =/= 'EXIT'].

%% Carries a command out. What each does to whom is up to the model.
act(Command) ->
    [Name | Arguments] = tuple_to_list(Command),
    result(fun() -> apply(?MODULE, Name, Arguments) end).

open(Actor, Slot, Options) ->
    Collector = spawn(fun() -> collect([]) end),
    case in(Actor, fun() -> linkspan:open([{service, echo}, {events, Collector} | Options]) end) of
        {ok, Instance} ->
            know({instance, Slot}, Instance),
            know({collector, Slot}, Collector),
            ok;
        Error ->
            exit(Collector, kill),
            Error
    end.

call(Actor, Slot, Operation, Body) -> call(Actor, Slot, Operation, Body, ?BOUND).

%% One whose time-out races with the answer, if there is any.
brief_call(Actor, Slot, Body) -> call(Actor, Slot, echo_long, Body, 0).

call(Actor, Slot, Operation, Body, Timeout) ->
    Instance = known({instance, Slot}),
    in(Actor, fun() -> linkspan:call(Instance, Operation, linkspan_model:body(Body), Timeout) end).

cast(Actor, Slot, Operation, Body) ->
    Instance = known({instance, Slot}),
    in(Actor, fun() -> linkspan:cast(Instance, Operation, linkspan_model:body(Body)) end).

count(Actor, Slot) ->
    case call(Actor, Slot, count, {0, 0}) of
        {ok, Count} -> binary_to_integer(Count);
        Error -> Error
    end.

%% A call that has to wait: begun now, finished later.
begin_call(Actor, Slot, Operation, Body, _Key) ->
    Instance = known({instance, Slot}),
    Call = fun() -> linkspan:call(Instance, Operation, linkspan_model:body(Body), infinity) end,
    know({waiting, Actor}, begun(Actor, Call)),
    case until(fun() -> is_waiting(Actor) end) of
        ok -> ok;
        never -> {never, process_info(known({actor, Actor}), [status, current_stacktrace, message_queue_len]), linkspan:info(Instance)}
    end.

%% In the client, for an answer.
is_waiting(Actor) ->
    case process_info(known({actor, Actor}), [status, current_function]) of
        [{status, waiting}, {current_function, {Module, _, _}}] -> Module =/= ?MODULE;
        _ -> false
    end.

finish(Actor) ->
    [{_, Reference}] = ets:take(?MODULE, {waiting, Actor}),
    finished(Actor, Reference).

%% Keeps the instance busy until it is cancelled.
block(Actor, Slot, Key) -> sent(Actor, Slot, sleep, ?DAY, Key).

send(Actor, Slot, Operation, Body, Key) -> sent(Actor, Slot, Operation, linkspan_model:body(Body), Key).

sent(Actor, Slot, Operation, Body, Key) ->
    Instance = known({instance, Slot}),
    Request = in(Actor, fun() -> linkspan:send_request(Instance, Operation, Body) end),
    remember({request, Key}, Actor, Request),
    sent.

fetch(Actor, Key, How) ->
    Request = ets:lookup_element(?MODULE, {request, Key}, 3),
    Result = in(Actor, fun() -> fetched(How, Request) end),
    Result =:= timeout andalso How =:= look orelse ets:delete(?MODULE, {request, Key}),
    Result.

fetched(wait, Request) -> linkspan:wait_response(Request, ?BOUND);
fetched(look, Request) -> linkspan:wait_response(Request, 0);
fetched(give_up, Request) -> linkspan:receive_response(Request, 0);
fetched(cancel, Request) -> linkspan:cancel(Request).

open_stream(Actor, Slot, Operation, Last, Window, Key) ->
    Instance = known({instance, Slot}),
    case in(Actor, fun() -> linkspan:stream(Instance, Operation, integer_to_list(Last), [{window, Window}]) end) of
        {ok, Stream} ->
            remember({stream, Key}, Actor, Stream),
            ok;
        Error ->
            Error
    end.

%% The model forgets what belongs to an instance that has ended, so that its key may come again by chance. It is kept under
%% another one, to be given up at the end.
remember({Kind, _} = Key, Actor, Value) ->
    [ets:insert(?MODULE, {{Kind, make_ref()}, Owner, Old}) || {_, Owner, Old} <- ets:take(?MODULE, Key)],
    ets:insert(?MODULE, {Key, known({actor, Actor}), Value}).

%% The next parts, and how it ended if it did.
take(Actor, Key, Most) ->
    Stream = ets:lookup_element(?MODULE, {stream, Key}, 3),
    {Parts, End, Rest} = in(Actor, fun() -> taken(Stream, Most, []) end),
    case End of
        more -> ets:insert(?MODULE, {{stream, Key}, known({actor, Actor}), Rest});
        _ -> ets:delete(?MODULE, {stream, Key})
    end,
    {Parts, End}.

taken(Stream, 0, Parts) ->
    {lists:reverse(Parts), more, Stream};
taken(Stream, Most, Parts) ->
    case linkspan:next(Stream, ?BOUND) of
        {ok, Part, Rest} -> taken(Rest, Most - 1, [binary_to_integer(Part) | Parts]);
        End -> {lists:reverse(Parts), End, Stream}
    end.

close_stream(Actor, Key) ->
    Stream = ets:lookup_element(?MODULE, {stream, Key}, 3),
    ets:delete(?MODULE, {stream, Key}),
    in(Actor, fun() -> linkspan:close_stream(Stream) end).

connect(Actor, Slot, New) ->
    Instance = known({instance, Slot}),
    Pid = known({actor, New}),
    in(Actor, fun() -> linkspan:connect(Instance, Pid) end).

close(Actor, Slot) ->
    Instance = known({instance, Slot}),
    in(Actor, fun() -> linkspan:close(Instance) end).

%% Kills an actor, whatever it is doing; another one takes its number.
kill(Actor) ->
    Pid = known({actor, Actor}),
    Monitor = erlang:monitor(process, Pid),
    exit(Pid, kill),
    receive {'DOWN', Monitor, process, Pid, _} -> ok end,
    ets:match_delete(?MODULE, {{request, '_'}, Pid, '_'}),
    ets:match_delete(?MODULE, {{stream, '_'}, Pid, '_'}),
    ets:delete(?MODULE, {waiting, Actor}),
    true = start_actor(Actor),
    ok.

kill_program(Slot) ->
    #{os_pid := OsPid} = linkspan:info(known({instance, Slot})),
    os:cmd("kill -9 " ++ integer_to_list(OsPid)).

%% Waits until a slot is as the model says.
settle(Slot, closed) ->
    Instance = known({instance, Slot}),
    until(fun() -> not lists:member(Instance, linkspan:instances()) end);
settle(Slot, idle) ->
    {ok, <<>>} = linkspan:call(known({instance, Slot}), echo_long, <<>>, ?BOUND),
    ok;
settle(_Slot, blocked) ->
    ok;
settle(Slot, Requests) ->
    Instance = known({instance, Slot}),
    until(fun() -> open_requests(Instance) =:= Requests end).

events(Slot, Expected) ->
    Collector = known({collector, Slot}),
    until(fun() -> collected(Collector) =:= Expected end).

open_requests(Instance) ->
    case linkspan:info(Instance) of
        #{queue := #{requests := Requests}} -> Requests;
        {error, Reason} -> Reason
    end.

%% The events of an instance, in their order.
collect(Events) ->
    receive
        {linkspan, _Instance, {event, Event}} ->
            collect([Event | Events]);
        {collected, From, Reference} ->
            From ! {Reference, lists:reverse(Events)},
            collect(Events)
    end.

collected(Collector) ->
    Reference = make_ref(),
    Collector ! {collected, self(), Reference},
    receive {Reference, Events} -> Events end.

until(Holds) -> until(Holds, erlang:monotonic_time(millisecond) + ?BOUND).

until(Holds, Deadline) ->
    case Holds() of
        true ->
            ok;
        false ->
            case erlang:monotonic_time(millisecond) > Deadline of
                true -> never;
                false -> receive after 1 -> until(Holds, Deadline) end
            end
    end.
