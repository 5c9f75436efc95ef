%% The program host: an instance is an OS process of its own, behind a port.
%%
%% The port delivers everything to its owner, a process, which hands the answers on. Who waits for an answer asks the
%% owner: see linkspan_batch. Who does not, and streams, write to the port themselves: they monitor the owner, and their
%% references are aliases, so that no answer comes after they have given up.
-module(linkspan_program).
-behaviour(linkspan_host).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([open/1, own/1, handle_info/2, call/4, call_term/4, cast/3, await_room/3, info/1, describe/1, connect/2, close/1, release/1]).
-export([send_request/3, stream/4, credit/3, withdraw/2]).

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(Options) ->
    linkspan_owner:open(Options).

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(#{service := Service, full := Full, confinement := Confinement, executable := Executable} = Options) ->
    %% The end of a port says less than its last message: that is waited for.
    _ = process_flag(trap_exit, true),
    ok = linkspan_batch:gather(linkspan_executable:takes_batches(Executable)),
    %% As in the driver host: no caller is suspended behind its back.
    Settings = [{packet, 4}, nouse_stdio, binary, exit_status, {busy_limits_msgq, disabled}],
    Confined = linkspan_confinement:settings(Confinement),
    try open_port({spawn_executable, linkspan_executable:path(Executable)}, Settings ++ Confined) of
        Port ->
            Blank = #linkspan{host = ?MODULE, target = Port, owner = self(), service = Service, full = Full},
            case start(Blank, Options) of
                {ok, Instance} ->
                    {ok, Instance};
                {error, Reason} ->
                    ok = release(Blank),
                    {error, Reason}
            end
    catch
        error:Reason -> {error, linkspan_executable:not_started(Executable, Reason)}
    end.

start(Blank, #{library := Path} = Options) ->
    case ask(Blank, Options, ?LOAD, linkspan_frame:load(Options)) of
        {ok, Description} ->
            try linkspan_frame:describe(Blank, Path, Description) of
                Instance -> start_described(Instance, Options)
            catch
                %% Programs of another make may say anything.
                error:function_clause -> {error, {protocol, <<"a description that is none">>}}
            end;
        {error, Reason} ->
            {error, Reason}
    end.

start_described(Instance, Options) ->
    case ask(Instance, Options, ?START, linkspan_frame:start(Options)) of
        {ok, _} -> {ok, Instance};
        {error, Reason} -> {error, Reason}
    end.

%% Asks while the owner is still being made, hence not by way of its messages. The answer has an empty tag.
ask(#linkspan{target = Port} = Instance, Options, Kind, Body) ->
    %% Of a port that has closed the next message tells.
    _ = send(Port, [<<Kind, 0:16>>, Body], infinity),
    answer(Instance, Options).

answer(#linkspan{target = Port} = Instance, #{events := Events} = Options) ->
    receive
        {Port, {data, <<?REPLY, 0:16, Status, Body/binary>>}} ->
            linkspan_reason:result(Status, Body);
        Message when element(1, Message) =:= Port; element(2, Message) =:= Port ->
            case handle_info(Message, Instance) of
                ok ->
                    answer(Instance, Options);
                {event, Event} ->
                    Events ! {linkspan, linkspan_host:shown(Instance, Options), {event, Event}},
                    answer(Instance, Options);
                {stop, Reason} ->
                    {error, linkspan_reason:from_exit(Reason)}
            end;
        {'EXIT', Opener, Reason} when is_pid(Opener) ->
            %% Nobody waits for the instance any more; its port ends with this process.
            exit(Reason)
    end.

%% What the port delivers: answers, events, and the end. And what callers ask of the owner.
-spec handle_info(term(), #linkspan{}) -> ok | {event, binary()} | {stop, term()}.
handle_info(Message, Instance) ->
    case heard(Message, Instance) of
        {stop, Reason} ->
            ok = linkspan_batch:ended(Reason),
            {stop, Reason};
        Heard ->
            Heard
    end.

heard({Port, {data, <<?REPLY, 8:16, Number:64, Status, Body/binary>>}}, #linkspan{target = Port}) ->
    case linkspan_batch:replied(Number, Status, Body) of
        true -> ok;
        false -> broken(<<"a reply with a tag that nobody sent">>)
    end;
heard({Port, {data, <<?REPLIES, Replies/binary>>}}, #linkspan{target = Port} = Instance) ->
    case linkspan_batch:replies(Replies, fun(Reply) -> heard({Port, {data, Reply}}, Instance) end) of
        broken -> broken(<<"a frame of replies with something else in it">>);
        Heard -> Heard
    end;
heard({Port, {data, <<?REPLY, Len:16, Tag:Len/binary, Status, Body/binary>>}}, #linkspan{target = Port}) ->
    %% A stream goes on after a part, and its caller is watched.
    ok = if Status =:= ?PART -> ok; true -> unwatch(Tag) end,
    %% Tags are made below, by term_to_binary/1 of an alias of this node.
    case linkspan_typed:decode(Tag) of
        {ok, Alias} when is_reference(Alias), node(Alias) =:= node() ->
            Alias ! {Alias, Status, Body},
            ok;
        _ ->
            broken(<<"a reply with a tag that nobody sent">>)
    end;
heard({Port, {data, <<?EVENT, Event/binary>>}}, #linkspan{target = Port}) ->
    {event, Event};
heard({Port, {data, <<?ENDED, Status, Body/binary>>}}, #linkspan{target = Port}) ->
    {stop, linkspan_reason:reason(Status, Body)};
heard({Port, {data, _Other}}, #linkspan{target = Port}) ->
    broken(<<"a frame that is neither reply nor event">>);
heard({Port, {exit_status, Status}}, #linkspan{target = Port}) when Status > 128 ->
    {stop, {signal, Status - 128}};
heard({Port, {exit_status, Status}}, #linkspan{target = Port}) ->
    {stop, {exit, Status}};
heard({'EXIT', Port, epipe}, #linkspan{target = Port}) ->
    %% A write found the pipe broken before the VM had the program's status, which is lost then.
    {stop, {exit, unknown}};
heard({'EXIT', Port, Reason}, #linkspan{target = Port}) ->
    {stop, Reason};
heard({'EXIT', _Linked, Reason}, _Instance) when Reason =/= normal ->
    {stop, Reason};
heard({?MODULE, watch, Caller, Tag}, _Instance) ->
    _ = put(Tag, erlang:monitor(process, Caller, [{tag, {?MODULE, dead, Tag}}])),
    ok;
heard({?MODULE, unwatch, Tag}, _Instance) ->
    unwatch(Tag);
heard({?MODULE, tell, Frame}, #linkspan{target = Port}) ->
    linkspan_batch:tell(Port, Frame);
heard({{?MODULE, dead, Tag}, _Monitor, process, _Caller, _Reason}, #linkspan{target = Port}) ->
    _ = erase(Tag),
    linkspan_batch:tell(Port, frame(?CANCEL, Tag));
heard(Message, #linkspan{target = Port}) ->
    case linkspan_batch:handle(Message, Port) of
        {stop, Reason} -> {stop, Reason};
        _Handled -> ok
    end.

broken(Why) -> {stop, {protocol, Why}}.

%% A caller that waits for ever is watched, for no deadline would tell its work to stop when it dies.
unwatch(Tag) ->
    case erase(Tag) of
        undefined ->
            ok;
        Monitor ->
            true = erlang:demonitor(Monitor, [flush]),
            ok
    end.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) ->
    {ok, binary()} | {error, linkspan:reason()}.
call(Instance, Operation, Body, Timeout) ->
    Try = fun(Left) -> request(Instance, ?CALL, <<Operation:32, (linkspan_frame:timeout(Left)):32>>, Body, Left) end,
    patiently(Instance, Body, Timeout, Try).

%% That the queue is full is heard late here. The time-out is for this and for the wait for room together.
patiently(#linkspan{full = wait} = Instance, Body, Timeout, Try) ->
    Deadline = linkspan_deadline:from(Timeout),
    case Try(Timeout) of
        {error, busy} -> linkspan:when_room(Instance, Body, linkspan_deadline:left(Deadline), Try);
        Result -> Result
    end;
patiently(#linkspan{full = error}, _Body, Timeout, Try) ->
    Try(Timeout).

-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(Instance, Operation, Term, Timeout) ->
    %% Long binaries in the term go to the pipe as they are.
    linkspan_typed:decoded(call(Instance, Operation, erlang:term_to_iovec(Term), Timeout)).

%% A cast is acknowledged when it has been accepted.
-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    Try = fun(Left) -> nothing(request(Instance, ?CAST, <<Operation:32>>, Body, Left)) end,
    patiently(Instance, Body, ?DEFAULT_TIMEOUT, Try).

%% Asks without waiting: the answer will be {Reference, Status, Body}, or the owner's end.
-spec send_request(#linkspan{}, non_neg_integer(), iodata()) -> {ok, reference()} | {error, linkspan:reason()}.
send_request(Instance, Operation, Body) ->
    asked(Instance, reply_demonitor, ?CALL, [<<Operation:32, (linkspan_frame:timeout(infinity)):32>> | Body]).

%% Asks for what has no deadline: watched, so that the end of the caller tells its work to stop.
asked(#linkspan{target = Port, owner = Owner} = Instance, Alias, Kind, Body) ->
    Size = iolist_size(Body),
    Reference = erlang:monitor(process, Owner, [{alias, Alias}]),
    Tag = term_to_binary(Reference),
    ok = watch(Owner, Tag),
    case send(Port, [frame(Kind, Tag) | Body], Size, ?DEFAULT_TIMEOUT) of
        {ok, _Left} ->
            {ok, Reference};
        %% The owner ends as well: that is the answer.
        {error, closed} ->
            {ok, Reference};
        {error, Reason} ->
            true = erlang:demonitor(Reference, [flush]),
            ok = unwatch(Owner, Tag),
            %% It may have been sent at the last moment, when its time was over.
            ok = cancel(Instance, Tag),
            {error, Reason}
    end.

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    nothing(request(Instance, ?ROOM, <<Wanted:64>>, <<>>, Timeout)).

nothing({ok, _}) -> ok;
nothing({error, Reason}) -> {error, Reason}.

-spec info(#linkspan{}) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(#linkspan{target = Port, owner = Owner} = Instance) ->
    case request(Instance, ?INFO, <<>>, <<>>, ?DEFAULT_TIMEOUT) of
        {ok, Info} -> {ok, Info, maps:merge(#{host => program, port => Port, owner => Owner}, os_pid(Port))};
        {error, Reason} -> {error, Reason}
    end.

os_pid(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, OsPid} when is_integer(OsPid), OsPid > 0 -> #{os_pid => OsPid};
        _ -> #{}
    end.

request(#linkspan{owner = Owner}, Kind, Fields, Body, Timeout) ->
    %% Raises badarg before anything is asked, if the body is none.
    case iolist_size(Body) =< ?LONGEST of
        true -> linkspan_batch:ask(Owner, Kind, Fields, Body, Timeout);
        false -> too_long()
    end.

too_long() -> {error, {bad_request, <<"the body is longer than a frame">>}}.

watch(Owner, Tag) ->
    _ = Owner ! {?MODULE, watch, self(), Tag},
    ok.

%% What was not sent needs no watch.
unwatch(Owner, Tag) ->
    _ = Owner ! {?MODULE, unwatch, Tag},
    ok.

%% The alias is for many messages: it goes with the monitor. The owner's end is a message as well.
-spec stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
stream(Instance, Operation, Body, Window) ->
    case asked(Instance, demonitor, ?STREAM, [<<Operation:32, Window:32>> | Body]) of
        {ok, Reference} -> {ok, Instance, Reference};
        {error, Reason} -> {error, Reason}
    end.

-spec credit(#linkspan{}, reference(), pos_integer()) -> ok.
credit(Instance, Reference, More) ->
    tell(Instance, [frame(?CREDIT, term_to_binary(Reference)), <<More:32>>]).

%% With the alias gone nothing can come.
-spec withdraw(#linkspan{}, reference()) -> withdrawn.
withdraw(Instance, Reference) ->
    true = erlang:demonitor(Reference, [flush]),
    ok = cancel(Instance, term_to_binary(Reference)),
    withdrawn.

frame(Kind, Tag) -> [<<Kind, (byte_size(Tag)):16>>, Tag].

cancel(Instance, Tag) ->
    tell(Instance, frame(?CANCEL, Tag)).

%% If the pipe is full, the owner sees to it: what is not answered must not be lost.
tell(#linkspan{target = Port, owner = Owner}, Frame) ->
    try
        _ = port_command(Port, Frame, [nosuspend]) orelse (Owner ! {?MODULE, tell, Frame}),
        ok
    catch
        error:badarg -> ok
    end.

send(_Port, _Frame, Size, _Timeout) when Size > ?LONGEST ->
    too_long();
send(Port, Frame, _Size, Timeout) ->
    send(Port, Frame, Timeout).

%% What is left of the time-out when all is sent.
send(Port, Frame, Timeout) ->
    try port_command(Port, Frame, [nosuspend]) of
        true -> {ok, Timeout};
        false -> send_patiently(Port, Frame, Timeout)
    catch
        error:badarg -> {error, closed}
    end.

%% The pipe is full. A helper waits in the caller's place, for a process that waits in port_command/2 is deaf.
send_patiently(Port, Frame, Timeout) ->
    try spawn_monitor(fun() -> true = sent(Port, Frame) orelse exit(closed) end) of
        Helper -> await_sent(Helper, linkspan_deadline:from(Timeout))
    catch
        error:system_limit -> {error, {system_limit, <<"the VM has no room for another process">>}}
    end.

await_sent({Helper, Monitor}, Deadline) ->
    receive
        {'DOWN', Monitor, process, Helper, normal} -> {ok, linkspan_deadline:left(Deadline)};
        {'DOWN', Monitor, process, Helper, _Reason} -> {error, closed}
    after linkspan_deadline:left(Deadline) ->
        exit(Helper, kill),
        true = erlang:demonitor(Monitor, [flush]),
        {error, timeout}
    end.

sent(Port, Frame) ->
    try
        port_command(Port, Frame)
    catch
        error:badarg -> false
    end.

-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(Instance) ->
    request(Instance, ?DESCRIBE, <<>>, <<>>, ?DEFAULT_TIMEOUT).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{owner = Owner}, Pid) ->
    linkspan_owner:connect(Owner, Pid).

-spec close(#linkspan{}) -> ok.
close(#linkspan{owner = Owner}) ->
    linkspan_owner:close(Owner).

%% Closing would first write what is queued; killing closes at once, and the program ends with its pipe. Linked until then,
%% the port goes with an owner that is killed meanwhile.
-spec release(#linkspan{}) -> ok.
release(#linkspan{target = Port}) ->
    ok = linkspan_batch:ended(closed),
    true = exit(Port, kill),
    true = unlink(Port),
    ok.
