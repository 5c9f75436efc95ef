%% The program host: an instance is an OS process of its own, behind a port.
%%
%% Callers write to the port themselves. The port delivers everything to its owner, a process, which hands the
%% answers on; callers monitor it, and their references are aliases, so that no answer comes after a time-out.
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
    case send(Port, [<<Kind, 0:16>>, Body], infinity) of
        {ok, infinity} -> answer(Instance, Options);
        {error, _Closed} -> answer(Instance, Options)
    end.

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

%% What the port delivers: answers, events, and the end. And what callers ask of the owner: to be watched.
-spec handle_info(term(), #linkspan{}) -> ok | {event, binary()} | {stop, term()}.
handle_info({Port, {data, <<?REPLY, Len:16, Tag:Len/binary, Status, Body/binary>>}}, #linkspan{target = Port}) ->
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
handle_info({Port, {data, <<?EVENT, Event/binary>>}}, #linkspan{target = Port}) ->
    {event, Event};
handle_info({Port, {data, <<?ENDED, Status, Body/binary>>}}, #linkspan{target = Port}) ->
    {stop, linkspan_reason:reason(Status, Body)};
handle_info({Port, {data, _Other}}, #linkspan{target = Port}) ->
    broken(<<"a frame that is neither reply nor event">>);
handle_info({Port, {exit_status, Status}}, #linkspan{target = Port}) when Status > 128 ->
    {stop, {signal, Status - 128}};
handle_info({Port, {exit_status, Status}}, #linkspan{target = Port}) ->
    {stop, {exit, Status}};
handle_info({'EXIT', Port, epipe}, #linkspan{target = Port}) ->
    %% A write found the pipe broken before the VM had the program's status, which is lost then.
    {stop, {exit, unknown}};
handle_info({'EXIT', Port, Reason}, #linkspan{target = Port}) ->
    {stop, Reason};
handle_info({'EXIT', _Linked, Reason}, _Instance) when Reason =/= normal ->
    {stop, Reason};
handle_info({?MODULE, watch, Caller, Tag}, _Instance) ->
    _ = put(Tag, erlang:monitor(process, Caller, [{tag, {?MODULE, dead, Tag}}])),
    ok;
handle_info({?MODULE, unwatch, Tag}, _Instance) ->
    unwatch(Tag);
handle_info({{?MODULE, dead, Tag}, _Monitor, process, _Caller, _Reason}, #linkspan{target = Port}) ->
    _ = erase(Tag),
    cancel(Port, Tag);
handle_info(_Message, _Instance) ->
    ok.

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
    request(Instance, ?CALL, [<<Operation:32, (linkspan_frame:timeout(Timeout)):32>> | Body], Timeout).

-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(Instance, Operation, Term, Timeout) ->
    %% Long binaries in the term go to the pipe as they are.
    linkspan_typed:decoded(call(Instance, Operation, erlang:term_to_iovec(Term), Timeout)).

%% A cast is acknowledged when it has been accepted.
-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    nothing(request(Instance, ?CAST, [<<Operation:32>> | Body], ?DEFAULT_TIMEOUT)).

%% Asks without waiting: the answer will be {Reference, Status, Body}, or the owner's end.
-spec send_request(#linkspan{}, non_neg_integer(), iodata()) -> {ok, reference()} | {error, linkspan:reason()}.
send_request(Instance, Operation, Body) ->
    asked(Instance, reply_demonitor, ?CALL, [<<Operation:32, (linkspan_frame:timeout(infinity)):32>> | Body]).

%% Asks for what has no deadline: watched, so that the end of the caller tells its work to stop.
asked(#linkspan{target = Port, owner = Owner}, Alias, Kind, Body) ->
    Size = iolist_size(Body),
    Reference = erlang:monitor(process, Owner, [{alias, Alias}]),
    Tag = term_to_binary(Reference),
    ok = watch(Owner, Tag, infinity),
    case send(Port, [frame(Kind, Tag) | Body], Size, ?DEFAULT_TIMEOUT) of
        {ok, _Left} ->
            {ok, Reference};
        %% The owner ends as well: that is the answer.
        {error, closed} ->
            {ok, Reference};
        {error, Reason} ->
            true = erlang:demonitor(Reference, [flush]),
            ok = unwatch(Owner, Tag),
            {error, Reason}
    end.

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    nothing(request(Instance, ?ROOM, <<Wanted:64>>, Timeout)).

nothing({ok, _}) -> ok;
nothing({error, Reason}) -> {error, Reason}.

-spec info(#linkspan{}) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(#linkspan{target = Port, owner = Owner} = Instance) ->
    case request(Instance, ?INFO, <<>>, ?DEFAULT_TIMEOUT) of
        {ok, Info} -> {ok, Info, maps:merge(#{host => program, port => Port, owner => Owner}, os_pid(Port))};
        {error, Reason} -> {error, Reason}
    end.

os_pid(Port) ->
    case erlang:port_info(Port, os_pid) of
        {os_pid, OsPid} when is_integer(OsPid), OsPid > 0 -> #{os_pid => OsPid};
        _ -> #{}
    end.

request(#linkspan{target = Port, owner = Owner}, Kind, Body, Timeout) ->
    %% Raises badarg before anything is sent, if the body is none.
    Size = iolist_size(Body),
    Reference = erlang:monitor(process, Owner, [{alias, reply_demonitor}]),
    Tag = term_to_binary(Reference),
    ok = watch(Owner, Tag, Timeout),
    case send(Port, [frame(Kind, Tag) | Body], Size, Timeout) of
        {ok, Left} ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply);
                {'DOWN', Reference, process, _, Reason} -> {error, linkspan_reason:from_exit(Reason)}
            after Left -> timed_out(Port, Reference)
            end;
        {error, closed} ->
            %% The owner is about to end as well, and knows why.
            receive
                {'DOWN', Reference, process, _, Reason} -> {error, linkspan_reason:from_exit(Reason)}
            after ?DEFAULT_TIMEOUT ->
                true = erlang:demonitor(Reference, [flush]),
                {error, closed}
            end;
        {error, timeout} ->
            timed_out(Port, Reference);
        {error, Reason} ->
            true = erlang:demonitor(Reference, [flush]),
            ok = unwatch(Owner, Tag),
            {error, Reason}
    end.

watch(Owner, Tag, infinity) ->
    Owner ! {?MODULE, watch, self(), Tag},
    ok;
watch(_Owner, _Tag, _Timeout) ->
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
credit(#linkspan{target = Port}, Reference, More) ->
    tell(Port, [frame(?CREDIT, term_to_binary(Reference)), <<More:32>>]).

%% With the alias gone nothing can come.
-spec withdraw(#linkspan{}, reference()) -> withdrawn.
withdraw(#linkspan{target = Port}, Reference) ->
    true = erlang:demonitor(Reference, [flush]),
    ok = cancel(Port, term_to_binary(Reference)),
    withdrawn.

frame(Kind, Tag) -> [<<Kind, (byte_size(Tag)):16>>, Tag].

%% The time is over: with the alias gone no answer can come; one that has come counts.
timed_out(Port, Reference) ->
    true = erlang:demonitor(Reference, [flush]),
    receive
        {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
    after 0 ->
        ok = cancel(Port, term_to_binary(Reference)),
        {error, timeout}
    end.

cancel(Port, Tag) ->
    tell(Port, frame(?CANCEL, Tag)).

%% If the pipe is full, a process waits for it: what is not answered must not be lost.
tell(Port, Frame) ->
    try
        _ = port_command(Port, Frame, [nosuspend]) orelse spawn(fun() -> sent(Port, Frame) end),
        ok
    catch
        error:badarg -> ok;
        %% Where the VM has no room for a process, the engine's own deadline has to do.
        error:system_limit -> ok
    end.

send(_Port, _Frame, Size, _Timeout) when Size > ?LONGEST ->
    {error, {bad_request, <<"the body is longer than a frame">>}};
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
    request(Instance, ?DESCRIBE, <<>>, ?DEFAULT_TIMEOUT).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{owner = Owner}, Pid) ->
    linkspan_owner:connect(Owner, Pid).

-spec close(#linkspan{}) -> ok.
close(#linkspan{owner = Owner}) ->
    linkspan_owner:close(Owner).

%% Closing would first write what is queued; killing closes at once, and the program ends with its pipe.
-spec release(#linkspan{}) -> ok.
release(#linkspan{target = Port}) ->
    true = unlink(Port),
    true = exit(Port, kill),
    ok.
