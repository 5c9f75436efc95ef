%% What instances are to do, as a pure function: a command and the state before it give the answers that are right, and the
%% state after it. The requests of an instance run one at a time, in the order in which they came; behind one that `block`
%% has sent they wait.
-module(linkspan_model).

-export([new/0, actors/0, can/2, step/2, right/2, body/1]).
-export([slots/1, free/1, requests/1, streams/1, waiting/1, events/2]).

-record(instance, {
    variant, owner, limit, full, keep,
    %% Open requests, oldest first: {Key, Operation, Body}. None unless the oldest is the one that blocks.
    open = [],
    %% How many the service has handled, at least and at most: some were given up while they may have run.
    handled = {0, 0},
    events = [],
    ended = no,
    %% Whether nothing is under way that has to be waited for.
    settled = true
}).

%% `answer` is pending or says what is right; see right/2. `slot` is none if another instance has taken the slot.
-record(request, {actor, slot, answer = pending}).
-record(stream, {actor, slot, at = 0, last, ending}).
%% `waiting` has the actors that are in the middle of a call, and its key.
-record(state, {instances = #{}, requests = #{}, streams = #{}, waiting = #{}}).

new() -> #state{}.

actors() -> [1, 2, 3].

%% A body by its number and size.
body({Number, Size}) -> binary:part(binary:copy(integer_to_binary(1000000000 + Number), Size div 10 + 1), 0, Size).

%% For those who make commands: what there is.
slots(#state{instances = Instances}) -> [{Slot, summary(I)} || {Slot, I} <- maps:to_list(Instances)].

summary(#instance{settled = false, ended = no, limit = none, open = []}) -> {unsettled, idle};
summary(#instance{settled = false, ended = no, limit = none}) -> {unsettled, blocked};
summary(#instance{settled = false, ended = no, open = Open}) -> {unsettled, length(Open)};
summary(#instance{settled = false}) -> {unsettled, closed};
summary(#instance{ended = no, open = []}) -> idle;
summary(#instance{ended = no}) -> blocked;
summary(#instance{}) -> ended.

free(#state{waiting = Waiting}) -> actors() -- maps:keys(Waiting).

requests(#state{requests = Requests, waiting = Waiting}) ->
    [{Actor, Key} || {Key, #request{actor = Actor}} <- maps:to_list(Requests), not lists:member(Key, maps:values(Waiting))].

streams(#state{streams = Streams}) -> [{Actor, Key} || {Key, #stream{actor = Actor}} <- maps:to_list(Streams)].

waiting(#state{waiting = Waiting}) -> maps:keys(Waiting).

events(Slot, S) -> (instance(Slot, S))#instance.events.

%% Whether a command makes sense: then `step` knows all about it.
can({open, A, Slot, Options}, S) ->
    free(A, S) andalso not is_open(Slot, S) andalso is_settled(Slot, S) andalso
        not (pool(variant(Options)) =:= dirty_cpu andalso blocked(dirty_cpu, S) =/= []);
can({kill, A}, S) ->
    all_settled(S) andalso lists:member(A, actors());
can({settle, Slot, To}, S) ->
    case S of
        #state{instances = #{Slot := #instance{settled = false} = I}} -> summary(I) =:= {unsettled, To};
        _ -> false
    end;
can({finish, A}, #state{waiting = Waiting, requests = Requests}) ->
    case Waiting of
        #{A := Key} -> (maps:get(Key, Requests))#request.answer =/= pending;
        _ -> false
    end;
can({fetch, A, Key, How}, #state{requests = Requests} = S) ->
    case Requests of
        #{Key := #request{actor = A, answer = pending}} -> free(A, S) andalso How =/= wait;
        #{Key := #request{actor = A}} -> free(A, S) andalso How =/= look;
        _ -> false
    end;
can({take, A, Key, _}, #state{streams = Streams} = S) ->
    case Streams of
        #{Key := #stream{actor = A, slot = Slot}} -> free(A, S) andalso is_settled(Slot, S) andalso not is_blocked(Slot, S);
        _ -> false
    end;
can({close_stream, A, Key}, #state{streams = Streams} = S) ->
    free(A, S) andalso maps:is_key(Key, Streams) andalso (maps:get(Key, Streams))#stream.actor =:= A;
can({events, Slot, Expected}, S) ->
    is_open(Slot, S) andalso is_settled(Slot, S) andalso not is_blocked(Slot, S) andalso
        (instance(Slot, S))#instance.events =:= Expected;
can({kill_program, Slot}, S) ->
    is_open(Slot, S) andalso is_settled(Slot, S) andalso (instance(Slot, S))#instance.variant =:= program;
can(Command, S) ->
    [Name, A, Slot | Rest] = tuple_to_list(Command),
    free(A, S) andalso maps:is_key(Slot, S#state.instances) andalso is_settled(Slot, S) andalso
        may(Name, Rest, instance(Slot, S), Slot, S).

%% What ended answers everything; the rest is about what is open.
may(block, [Key], I, Slot, S) ->
    I#instance.open =:= [] andalso is_new(Key, S) andalso I#instance.ended =:= no andalso not has_streams(Slot, S) andalso
        may_block(pool(I#instance.variant), S);
may(begin_call, [_Operation, _Body, Key], I, _Slot, S) ->
    I#instance.open =/= [] andalso I#instance.ended =:= no andalso not is_full(I) andalso is_new(Key, S);
may(send, [_Operation, _Body, Key], _I, _Slot, S) ->
    is_new(Key, S);
may(call, _Rest, I, _Slot, _S) ->
    I#instance.open =:= [];
may(brief_call, _Rest, _I, _Slot, _S) ->
    true;
may(cast, _Rest, I, _Slot, _S) ->
    %% One that waits for room would wait for seconds.
    not is_full(I) orelse I#instance.full =:= error;
may(count, [], I, _Slot, _S) ->
    I#instance.open =:= [];
may(open_stream, [_Operation, _Last, _Window, Key], I, _Slot, S) ->
    %% A stream may end by itself, and nobody knows when: how many requests are open is not known then.
    I#instance.limit =:= none andalso I#instance.open =:= [] andalso is_new(Key, S);
may(connect, [New], _I, _Slot, _S) ->
    lists:member(New, actors());
may(close, [], _I, _Slot, _S) ->
    true.

%% The right answers, and the state that follows.
step({open, A, Slot, Options}, S) ->
    case proplists:get_value(argument, Options, "") of
        "fail" -> {{is, {error, {service, 7, <<"told to fail">>}}}, S};
        "panic" -> {{panic, error}, S};
        "" -> {{is, ok}, set(Slot, opened(A, Options), left(Slot, S))}
    end;
step({call, _A, Slot, Operation, Body}, S) ->
    answered(Slot, Operation, Body, S);
step({count, _A, Slot}, S) ->
    #instance{handled = {Low, High}, ended = Ended} = instance(Slot, S),
    case Ended of
        no -> {{between, Low + 1, High + 1}, handled(Slot, 1, 1, S)};
        _ -> {{is, {error, closed}}, S}
    end;
%% Its time is over at once, whatever the answer would have been.
step({brief_call, _A, Slot, Body}, S) ->
    {Answer, After} =
        case instance(Slot, S) of
            #instance{ended = no, open = []} -> {{ok, body(Body)}, handled(Slot, 0, 1, S)};
            #instance{ended = no} -> {{error, busy}, S};
            #instance{} -> {{error, closed}, S}
        end,
    {{either, [Answer, {error, timeout}]}, After};
step({cast, _A, Slot, Operation, Body}, S) ->
    case instance(Slot, S) of
        #instance{ended = no, open = []} ->
            {_, After} = answered(Slot, Operation, Body, S),
            {{is, ok}, running(Slot, After)};
        #instance{ended = no, open = Open} = I ->
            case is_full(I) of
                true -> {{is, {error, busy}}, S};
                false -> {{is, ok}, set(Slot, I#instance{open = Open ++ [{none, Operation, Body}]}, S)}
            end;
        _ ->
            {{is, {error, closed}}, S}
    end;
step({block, A, Slot, Key}, S) ->
    {{is, sent}, queued(A, Slot, Key, sleep, <<>>, S)};
step({begin_call, A, Slot, Operation, Body, Key}, #state{waiting = Waiting} = S) ->
    {{is, ok}, queued(A, Slot, Key, Operation, Body, S#state{waiting = Waiting#{A => Key}})};
step({send, A, Slot, Operation, Body, Key}, S) ->
    case instance(Slot, S) of
        #instance{ended = no, open = []} ->
            {Answer, After} = answered(Slot, Operation, Body, S),
            {{is, sent}, request(Key, #request{actor = A, slot = Slot, answer = Answer}, running(Slot, After))};
        #instance{ended = no} = I ->
            case is_full(I) of
                true -> {{is, sent}, request(Key, #request{actor = A, slot = Slot, answer = {is, {error, busy}}}, S)};
                false -> {{is, sent}, queued(A, Slot, Key, Operation, Body, S)}
            end;
        _ ->
            {{is, sent}, request(Key, #request{actor = A, slot = Slot, answer = {is, {error, closed}}}, S)}
    end;
step({finish, A}, #state{waiting = Waiting, requests = Requests} = S) ->
    Key = maps:get(A, Waiting),
    #request{answer = Answer} = maps:get(Key, Requests),
    {Answer, S#state{waiting = maps:remove(A, Waiting), requests = maps:remove(Key, Requests)}};
step({fetch, _A, Key, How}, #state{requests = Requests} = S) ->
    Gone = S#state{requests = maps:remove(Key, Requests)},
    case {maps:get(Key, Requests), How} of
        {#request{answer = pending}, look} -> {{is, timeout}, S};
        {#request{answer = pending, slot = Slot}, give_up} -> {{is, timeout}, withdrawn(Key, Slot, Gone)};
        {#request{answer = pending, slot = Slot}, cancel} -> {{is, {error, cancelled}}, withdrawn(Key, Slot, Gone)};
        {#request{answer = Answer}, wait} -> {{reply, Answer}, Gone};
        %% It may not have run yet.
        {#request{answer = Answer, slot = Slot}, cancel} -> {{reply_or, Answer, {error, cancelled}}, unsure(Slot, Gone)};
        {#request{answer = Answer, slot = Slot}, give_up} -> {{reply_or, Answer, timeout}, unsure(Slot, Gone)}
    end;
step({open_stream, A, Slot, Operation, Last, _Window, Key}, #state{streams = Streams} = S) ->
    Stream = #stream{actor = A, slot = Slot, last = Last, ending = ending(Operation)},
    case instance(Slot, S) of
        #instance{ended = no} ->
            {{is, ok}, handled(Slot, 0, 1, S#state{streams = Streams#{Key => Stream}})};
        #instance{variant = program} ->
            %% Its owner's end is the answer.
            {{is, ok}, S#state{streams = Streams#{Key => Stream#stream{last = 0}}}};
        #instance{variant = driver} ->
            {{is, {error, closed}}, S};
        _ ->
            {{is, ok}, S#state{streams = Streams#{Key => Stream#stream{last = 0}}}}
    end;
step({take, _A, Key, Most}, #state{streams = Streams} = S) ->
    #stream{slot = Slot, at = At, last = Last, ending = Ending} = Stream = maps:get(Key, Streams),
    Parts = lists:seq(At + 1, min(Last, At + Most)),
    Gone = S#state{streams = maps:remove(Key, Streams)},
    case is_open(Slot, S) of
        false -> {{stream_of_ended, At, Last}, Gone};
        true when At + Most =< Last -> {{is, {Parts, more}}, S#state{streams = Streams#{Key => Stream#stream{at = At + Most}}}};
        true -> {{is, {Parts, Ending}}, Gone}
    end;
step({close_stream, _A, Key}, #state{streams = Streams} = S) ->
    {{is, ok}, S#state{streams = maps:remove(Key, Streams)}};
step({connect, A, Slot, New}, S) ->
    case instance(Slot, S) of
        #instance{ended = no, owner = A} = I -> {{is, ok}, set(Slot, I#instance{owner = New}, S)};
        #instance{ended = no} -> {{is, {error, not_owner}}, S};
        _ -> {{is, {error, closed}}, S}
    end;
step({close, _A, Slot}, S) ->
    {{is, ok}, case is_open(Slot, S) of true -> cut(Slot, closed, S); false -> S end};
step({kill_program, Slot}, S) ->
    {{is, ""}, unsettled(Slot, cut(Slot, {signal, 9}, S))};
step({kill, A}, #state{requests = Requests, streams = Streams, waiting = Waiting} = S) ->
    Dead = [Key || {Key, #request{actor = By}} <- maps:to_list(Requests), By =:= A],
    Touched = [Slot || {_, #request{actor = By, slot = Slot}} <- maps:to_list(Requests), By =:= A, is_open(Slot, S)],
    Owned = [Slot || {Slot, #instance{owner = By, ended = no}} <- maps:to_list(S#state.instances), By =:= A],
    Alone = S#state{
        requests = maps:without(Dead, Requests),
        streams = maps:filter(fun(_, #stream{actor = By}) -> By =/= A end, Streams),
        waiting = maps:remove(A, Waiting)
    },
    %% What was queued first: it does not run when what blocks is gone.
    {Blocking, Others} = lists:partition(fun(Key) -> blocks(Key, (maps:get(Key, Requests))#request.slot, S) end, Dead),
    Withdraw = fun(Key, T) -> withdrawn(Key, (maps:get(Key, Requests))#request.slot, T) end,
    Withdrawn = lists:foldl(Withdraw, Alone, Others ++ Blocking),
    Ended = lists:foldl(fun(Slot, T) -> cut(Slot, closed, T) end, Withdrawn, Owned),
    {{is, ok}, lists:foldl(fun unsettled/2, Ended, Touched ++ Owned)};
step({settle, Slot, idle}, S) ->
    {{is, ok}, handled(Slot, 1, 1, set(Slot, (instance(Slot, S))#instance{settled = true}, S))};
step({settle, Slot, _To}, S) ->
    {{is, ok}, set(Slot, (instance(Slot, S))#instance{settled = true}, S)};
step({events, _Slot, _Expected}, S) ->
    {{is, ok}, S}.

opened(A, Options) ->
    Queue = proplists:get_value(queue, Options, []),
    #instance{
        variant = variant(Options),
        owner = A,
        limit = proplists:get_value(limit, Queue, none),
        full = proplists:get_value(full, Queue, wait),
        keep = proplists:get_value(on_panic, Options, stop) =:= keep
    }.

variant(Options) -> proplists:get_value(deferred, Options, proplists:get_value(host, Options)).

%% The answer of an idle instance, and what it leaves behind. The client itself knows the names of operations.
answered(_Slot, unknown, _Body, S) ->
    {{is, {error, {unknown_operation, unknown}}}, S};
answered(Slot, Operation, Body, S) ->
    case instance(Slot, S) of
        #instance{ended = no} = I ->
            {Answer, After} = run(Operation, Body, I),
            Set = set(Slot, After, S),
            {Answer, case After#instance.ended of no -> Set; _ -> unsettled(Slot, ended(Slot, closed, Set)) end};
        _ ->
            {{is, {error, closed}}, S}
    end.

run(Operation, Body, #instance{handled = {Low, High}, events = Events, keep = Keep} = Before) ->
    I = Before#instance{handled = {Low + 1, High + 1}},
    case Operation of
        echo -> {{is, {ok, body(Body)}}, I};
        echo_long -> {{is, {ok, body(Body)}}, I};
        fail -> {{is, {error, {service, 42, body(Body)}}}, I};
        refuse -> {{is, {error, {bad_request, <<"refused">>}}}, I};
        emit -> {{is, {ok, <<>>}}, I#instance{events = Events ++ [body(Body)]}};
        panic when Keep -> {{panic, error}, I};
        panic -> {{panic, error}, I#instance{ended = closed}}
    end.

%% Runs what waits, now that nothing blocks it.
drained(Slot, S) ->
    case instance(Slot, S) of
        #instance{ended = no, open = [{_, sleep, _} | _]} ->
            S;
        #instance{ended = no, open = [{Key, Operation, Body} | Rest]} = I ->
            {Answer, After} = run(Operation, Body, I#instance{open = Rest}),
            Told = told(Key, Answer, set(Slot, After, S)),
            case After#instance.ended of
                no -> drained(Slot, Told);
                _ -> unsettled(Slot, ended(Slot, closed, Told))
            end;
        _ ->
            S
    end.

%% The end of an instance: everything that is open gets the reason.
ended(Slot, Reason, S) ->
    #instance{open = Open} = I = instance(Slot, S),
    Told = lists:foldl(fun({Key, _, _}, T) -> told(Key, {is, {error, Reason}}, T) end, S, Open),
    set(Slot, I#instance{ended = Reason, open = []}, Told).

%% An end from outside: what ran just before, or did so because of the same death, may have been answered or not.
cut(Slot, Reason, #state{requests = Requests} = S) ->
    Cut = fun
        (_, #request{slot = At, answer = Answer} = R) when At =:= Slot, Answer =/= pending ->
            R#request{answer = {or_end, Answer, {error, Reason}}};
        (_, R) ->
            R
    end,
    ended(Slot, Reason, S#state{requests = maps:map(Cut, Requests)}).

told(none, _Answer, S) -> S;
told(Key, Answer, #state{requests = Requests} = S) ->
    S#state{requests = Requests#{Key := (maps:get(Key, Requests))#request{answer = Answer}}}.

%% Nobody has waited for what runs now. With a short queue it matters when that has gone.
running(Slot, S) ->
    case instance(Slot, S) of
        #instance{limit = none} -> S;
        #instance{} -> unsettled(Slot, S)
    end.

%% A request that was given up, or whose caller has died.
withdrawn(Key, Slot, S) ->
    case is_open(Slot, S) andalso (instance(Slot, S))#instance.open of
        %% It may not have begun.
        [{Key, sleep, _} | Rest] -> running(Slot, drained(Slot, handled(Slot, 0, 1, set_open(Slot, Rest, S))));
        [_ | _] = Open ->
            case lists:keymember(Key, 1, Open) of
                %% The end of a caller may be heard of late.
                true -> handled(Slot, 0, 1, set_open(Slot, lists:keydelete(Key, 1, Open), S));
                false -> unsure(Slot, S)
            end;
        _ -> unsure(Slot, S)
    end.

blocks(Key, Slot, S) -> is_blocked(Slot, S) andalso element(1, hd((instance(Slot, S))#instance.open)) =:= Key.

%% One that should have run may have been dropped.
unsure(Slot, S) ->
    case is_open(Slot, S) of
        true -> handled(Slot, -1, 0, S);
        false -> S
    end.

set_open(Slot, Open, S) -> set(Slot, (instance(Slot, S))#instance{open = Open}, S).

handled(Slot, Least, Most, S) ->
    #instance{handled = {Low, High}} = I = instance(Slot, S),
    set(Slot, I#instance{handled = {Low + Least, High + Most}}, S).

queued(A, Slot, Key, Operation, Body, S) ->
    #instance{open = Open} = I = instance(Slot, S),
    request(Key, #request{actor = A, slot = Slot}, set(Slot, I#instance{open = Open ++ [{Key, Operation, Body}]}, S)).

ending(count_to) -> done;
ending(stream_fail) -> {error, {service, 42, <<"told to fail">>}}.

%% A new instance takes the slot: what is left of the old one has been answered.
left(Slot, #state{requests = Requests, streams = Streams} = S) ->
    S#state{
        requests = maps:map(fun(_, #request{slot = At} = R) when At =:= Slot -> R#request{slot = none}; (_, R) -> R end, Requests),
        streams = maps:map(fun(_, #stream{slot = At} = R) when At =:= Slot -> R#stream{slot = none}; (_, R) -> R end, Streams)
    }.

instance(Slot, #state{instances = Instances}) -> maps:get(Slot, Instances).
set(Slot, I, #state{instances = Instances} = S) -> S#state{instances = Instances#{Slot => I}}.
request(Key, Request, #state{requests = Requests} = S) -> S#state{requests = Requests#{Key => Request}}.
unsettled(Slot, S) -> set(Slot, (instance(Slot, S))#instance{settled = false}, S).

free(A, #state{waiting = Waiting}) -> lists:member(A, actors()) andalso not maps:is_key(A, Waiting).
is_new(Key, #state{requests = Requests, streams = Streams}) -> not maps:is_key(Key, Requests) andalso not maps:is_key(Key, Streams).
is_open(Slot, #state{instances = Instances}) ->
    case Instances of
        #{Slot := #instance{ended = no}} -> true;
        _ -> false
    end.
is_settled(Slot, #state{instances = Instances}) ->
    case Instances of
        #{Slot := #instance{settled = Settled}} -> Settled;
        _ -> true
    end.
all_settled(#state{instances = Instances}) -> lists:all(fun(#instance{settled = Settled}) -> Settled end, maps:values(Instances)).
is_blocked(Slot, S) -> is_open(Slot, S) andalso (instance(Slot, S))#instance.open =/= [].
is_full(#instance{limit = none}) -> false;
is_full(#instance{limit = Limit, open = Open}) -> length(Open) >= Limit.

%% What runs the deferred requests of an instance. There may be two workers in all, of which one is to be free, and one
%% dirty scheduler for CPU, which nobody else is to wait for.
pool(driver) -> workers;
pool(nif) -> workers;
pool(Variant) -> Variant.

may_block(workers, S) -> blocked(workers, S) =:= [];
may_block(dirty_cpu, #state{instances = Instances}) ->
    length([I || #instance{variant = dirty_cpu, ended = no} = I <- maps:values(Instances)]) =:= 1;
may_block(_Own, _S) -> true.

blocked(Pool, #state{instances = Instances}) ->
    [I || #instance{variant = Variant, ended = no, open = [_ | _]} = I <- maps:values(Instances), pool(Variant) =:= Pool].

has_streams(Slot, #state{streams = Streams}) -> lists:any(fun(#stream{slot = At}) -> At =:= Slot end, maps:values(Streams)).

%% Whether an answer is right.
right({is, Result}, Result) -> true;
right({either, Results}, Result) -> lists:member(Result, Results);
right({between, Least, Most}, Count) -> is_integer(Count) andalso Count >= Least andalso Count =< Most;
right({panic, error}, {error, {panic, <<_/binary>>}}) -> true;
right({reply, Answer}, {reply, Result}) -> right(Answer, Result);
right({reply_or, Answer, Other}, Result) -> Result =:= Other orelse right({reply, Answer}, Result);
right({or_end, Answer, End}, Result) -> Result =:= End orelse right(Answer, Result);
%% Parts that were under way, and then perhaps the end of the instance.
right({stream_of_ended, At, Last}, {Parts, End}) ->
    Parts =:= lists:seq(At + 1, At + length(Parts)) andalso At + length(Parts) =< Last andalso
        lists:member(End, [more, done, {error, closed}, {error, {signal, 9}}, {error, {service, 42, <<"told to fail">>}}]);
right(_Answer, _Result) -> false.
