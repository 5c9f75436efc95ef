%% Requests to a program that wait for their answers. Callers ask the owner of its port; the owner gathers what is asked
%% at the same time into one frame, and hands the answers on.
%%
%% What is open is in the owner's dictionary, by the number that is its tag: nothing is quicker to put and to erase. Callers
%% have a plain reference instead of an alias, and no monitor unless they wait long: both cost more than all the rest. So
%% the owner tells them of its end, and a time-out is agreed on with it.
-module(linkspan_batch).

-include("linkspan_frame.hrl").

%% The caller's side.
-export([ask/5]).
%% The owner's.
-export([gather/1, handle/2, tell/2, replied/3, replies/2, ended/1]).

%% Requests up to this size, in bytes, are gathered; longer ones go by themselves, and are not copied.
-define(SHORT, 4096).
%% Most requests in one frame, and the size in bytes from which none is added: what does not fit into a pipe, which holds
%% 64 KiB, is written and read in several goes.
-define(MOST, 64).
-define(FULL, 32768).
%% Milliseconds after which a caller that still waits watches the owner: one that is killed tells nobody.
-define(UNWATCHED, 10).
%% Milliseconds after which a full pipe is tried again, where the VM has no room for a process that would wait for it.
-define(AGAIN, 100).

%% How a request is told to the owner; Watched if no deadline would end it when the caller dies. The body is a binary if it
%% is short, else a list.
-define(ASK(Caller, Reference, Watched, Kind, Fields, Body), {?MODULE, Caller, Reference, Watched, Kind, Fields, Body}).

%% Keys of the dictionary: atoms, which are found in half the time of tuples.
%% Frames that wait for those before them to be written, newest first, each with the number of its request.
-define(HELD, linkspan_batch_held).
-define(NEXT, linkspan_batch_next).
%% How many requests may be gathered behind the first.
-define(MORE, linkspan_batch_more).

%% Asks and waits, at most Timeout milliseconds. Fields stand before the body.
-spec ask(pid(), byte(), binary(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
ask(Owner, Kind, Fields, Body, Timeout) ->
    Sent = short_or_list(Body, iolist_size(Body)),
    Reference = make_ref(),
    %% A request for room has no time-out of its own.
    Watched = Timeout =:= infinity orelse Kind =:= ?ROOM,
    _ = Owner ! ?ASK(self(), Reference, Watched, Kind, Fields, Sent),
    receive
        {Reference, Status, Answer} -> result(Status, Answer)
    after min(Timeout, ?UNWATCHED) -> wait(Owner, Reference, Timeout)
    end.

short_or_list(Body, Size) when is_binary(Body), Size =< ?SHORT -> Body;
short_or_list(Body, Size) when Size =< ?SHORT -> iolist_to_binary(Body);
short_or_list(Body, _Size) -> erlang:iolist_to_iovec(Body).

wait(Owner, Reference, Timeout) ->
    Monitor = erlang:monitor(process, Owner),
    Result =
        receive
            {Reference, Status, Answer} -> result(Status, Answer);
            {'DOWN', Monitor, process, _, Reason} -> result(ended, Reason)
        after rest(Timeout) -> withdraw(Owner, Reference, Monitor)
        end,
    true = erlang:demonitor(Monitor, [flush]),
    Result.

rest(infinity) -> infinity;
rest(Timeout) -> max(0, Timeout - ?UNWATCHED).

%% An owner that is suspended is not waited for longer than any call is.
withdraw(Owner, Reference, Monitor) ->
    _ = Owner ! {?MODULE, withdraw, self(), Reference},
    receive
        {Reference, withdrawn} -> {error, timeout};
        {Reference, Status, Answer} -> result(Status, Answer);
        {'DOWN', Monitor, process, _, Reason} -> result(ended, Reason)
    after 5000 -> {error, timeout}
    end.

result(ended, Reason) -> {error, linkspan_reason:from_exit(Reason)};
result(Status, Answer) -> linkspan_reason:result(Status, Answer).

%% Says whether the program takes several requests in one frame.
-spec gather(boolean()) -> ok.
gather(true) ->
    _ = put(?MORE, ?MOST - 1),
    ok;
gather(false) ->
    _ = put(?MORE, 0),
    ok.

%% What callers tell the owner, and what it has arranged to be told; `unknown` if a message is something else.
-spec handle(term(), port()) -> ok | unknown | {stop, term()}.
handle(?ASK(Caller, Reference, Watched, Kind, Fields, Body), Port) ->
    Number = opened(Caller, Reference, Watched),
    Frame =
        case get(?HELD) of
            undefined when is_binary(Body) -> gathered(Kind, Number, Fields, Body, get(?MORE));
            _ -> frame(Kind, Number, Fields, Body)
        end,
    write(Port, Frame, Number);
handle({?MODULE, withdraw, Caller, Reference}, Port) ->
    case number(Caller, Reference) of
        {ok, Number} ->
            _ = Caller ! {Reference, withdrawn},
            cancel(Port, Number);
        error ->
            %% Its answer has been sent.
            ok
    end;
handle({{?MODULE, dead, Number}, _Monitor, process, _Caller, _Reason}, Port) ->
    case get(Number) of
        undefined -> ok;
        _Open -> cancel(Port, Number)
    end;
handle({{?MODULE, written}, _Monitor, process, _Writer, normal}, Port) ->
    write_held(Port);
handle({{?MODULE, written}, _Monitor, process, _Writer, Reason}, _Port) ->
    %% It was killed, and its frame is lost: who asked in it would wait for ever.
    {stop, Reason};
handle({?MODULE, again}, Port) ->
    write_held(Port);
handle(_Message, _Port) ->
    unknown.

%% The number of what a caller waits for, watched or not.
number(Caller, Reference) ->
    case get_keys([Caller | Reference]) ++ get_keys({Caller, Reference}) of
        [Number] -> {ok, Number};
        [] -> error
    end.

opened(Caller, Reference, Watched) ->
    Number = next(),
    _ = put(?NEXT, Number + 1),
    ok = note(Number, Caller, Reference, Watched),
    Number.

note(Number, Caller, Reference, Watched) ->
    _ = put(Number, open(Caller, Reference, Watched, Number)),
    ok.

next() ->
    case get(?NEXT) of
        undefined -> 0;
        Next -> Next
    end.

open(Caller, Reference, false, _Number) ->
    [Caller | Reference];
%% The monitor of one who is watched has an entry of its own, so that both kinds can be looked for.
open(Caller, Reference, true, Number) ->
    _ = put(Reference, erlang:monitor(process, Caller, [{tag, {?MODULE, dead, Number}}])),
    {Caller, Reference}.

frame(Kind, Number, Fields, Body) -> [<<Kind, 8:16, Number:64, Fields/binary>> | Body].

%% A frame by itself, or a batch of it and what else is there.
gathered(Kind, Number, Fields, Body, 0) ->
    frame(Kind, Number, Fields, Body);
gathered(Kind, Number, Fields, Body, More) ->
    receive
        ?ASK(Caller, Reference, Watched, NextKind, NextFields, NextBody) when is_binary(NextBody) ->
            Batch = added(<<?BATCH>>, Kind, Number, Fields, Body),
            ok = note(Number + 1, Caller, Reference, Watched),
            batch(added(Batch, NextKind, Number + 1, NextFields, NextBody), Number + 2, More - 1)
    after 0 -> frame(Kind, Number, Fields, Body)
    end.

%% Next is noted when the batch is whole.
batch(Batch, Next, More) when More =:= 0; byte_size(Batch) >= ?FULL ->
    _ = put(?NEXT, Next),
    Batch;
batch(Batch, Next, More) ->
    receive
        ?ASK(Caller, Reference, Watched, Kind, Fields, Body) when is_binary(Body) ->
            ok = note(Next, Caller, Reference, Watched),
            batch(added(Batch, Kind, Next, Fields, Body), Next + 1, More - 1)
    after 0 ->
        _ = put(?NEXT, Next),
        Batch
    end.

added(Batch, Kind, Number, Fields, Body) ->
    Size = 11 + byte_size(Fields) + byte_size(Body),
    <<Batch/binary, Size:32, Kind, 8:16, Number:64, Fields/binary, Body/binary>>.

%% Forgets a request, and has the program forget it, if it has got so far.
cancel(Port, Number) ->
    ok = unwatch(erase(Number)),
    Held = get(?HELD),
    case is_list(Held) andalso lists:keytake(Number, 1, Held) of
        {value, _, Rest} ->
            _ = put(?HELD, Rest),
            ok;
        false ->
            tell(Port, <<?CANCEL, 8:16, Number:64>>)
    end.

unwatch({_Caller, Reference}) ->
    true = erlang:demonitor(erase(Reference), [flush]),
    ok;
unwatch(_Unwatched) ->
    ok.

%% Writes a frame that has no answer behind those that wait.
-spec tell(port(), iodata()) -> ok.
tell(Port, Frame) -> write(Port, Frame, none).

%% If the pipe is full a process waits for it, for the owner must not; and what comes later waits for that.
write(Port, Frame, Number) ->
    case get(?HELD) of
        undefined ->
            try port_command(Port, Frame, [nosuspend]) of
                true ->
                    ok;
                false ->
                    _ = put(?HELD, wait_for_pipe(Port, Frame)),
                    ok
            catch
                %% The port's end is a message on its way.
                error:badarg -> ok
            end;
        Held ->
            _ = put(?HELD, [{Number, Frame} | Held]),
            ok
    end.

%% What is held from now on.
wait_for_pipe(Port, Frame) ->
    try
        _ = spawn_opt(fun() -> write_patiently(Port, Frame) end, [{monitor, [{tag, {?MODULE, written}}]}]),
        []
    catch
        error:system_limit ->
            _ = erlang:send_after(?AGAIN, self(), {?MODULE, again}),
            %% By no number: it may be several requests, none of which is to take the others along.
            [{none, Frame}]
    end.

write_held(Port) ->
    Held = lists:reverse(erase(?HELD)),
    lists:foreach(fun({Number, Frame}) -> write(Port, Frame, Number) end, Held).

write_patiently(Port, Frame) ->
    try
        port_command(Port, Frame)
    catch
        error:badarg -> false
    end.

%% One reply to a request with such a number; false if there never was one.
-spec replied(non_neg_integer(), byte(), binary()) -> boolean().
replied(Number, Status, Body) ->
    case erase(Number) of
        [Caller | Reference] ->
            _ = Caller ! {Reference, Status, Body},
            true;
        {Caller, Reference} = Watched ->
            ok = unwatch(Watched),
            _ = Caller ! {Reference, Status, Body},
            true;
        undefined ->
            %% Withdrawn, or made up.
            Number < next()
    end.

%% Several replies, each behind its length. Those to others than callers are for Other; `broken` if that is not what they
%% are.
-spec replies(binary(), fun((binary()) -> ok | Stop)) -> ok | Stop | broken.
replies(<<Len:32, ?REPLY, 8:16, Number:64, Status, Rest/binary>>, Other) when byte_size(Rest) >= Len - 12, Len >= 12 ->
    Size = Len - 12,
    <<Body:Size/binary, More/binary>> = Rest,
    %% A copy: one answer is not to keep all of them in memory.
    case replied(Number, Status, binary:copy(Body)) of
        true -> replies(More, Other);
        false -> broken
    end;
replies(<<Len:32, Reply:Len/binary, More/binary>>, Other) when binary_part(Reply, 0, 1) =:= <<?REPLY>> ->
    case Other(binary:copy(Reply)) of
        ok -> replies(More, Other);
        Stop -> Stop
    end;
replies(<<>>, _Other) ->
    ok;
replies(_Broken, _Other) ->
    broken.

%% Tells all who wait, and those who have just asked, why the owner ends.
-spec ended(term()) -> ok.
ended(Reason) ->
    %% A report of the owner's end prints its dictionary: not the bodies of others.
    _ = erase(?HELD),
    lists:foreach(fun(Open) -> end_one(Open, Reason) end, get()),
    end_rest(Reason).

end_one({Number, [Caller | Reference]}, Reason) when is_integer(Number) -> tell_end(Number, Caller, Reference, Reason);
end_one({Number, {Caller, Reference}}, Reason) when is_integer(Number) -> tell_end(Number, Caller, Reference, Reason);
end_one(_Other, _Reason) -> ok.

tell_end(Number, Caller, Reference, Reason) ->
    _ = erase(Number),
    _ = Caller ! {Reference, ended, Reason},
    ok.

end_rest(Reason) ->
    receive
        ?ASK(Caller, Reference, _Watched, _Kind, _Fields, _Body) ->
            _ = Caller ! {Reference, ended, Reason},
            end_rest(Reason)
    after 0 -> ok
    end.
