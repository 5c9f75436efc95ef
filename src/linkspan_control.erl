%% Calls to the hosts inside the VM, which take the same operations and commands: the driver by port_control/3, the
%% nif host by a NIF. What differs is control/3 and direct/3 of the host's module, and who wants which: see submit/3.
%%
%% Callers talk to the instance themselves and are answered themselves; an instance answers all of them with `closed`
%% when it ends, so that nobody needs a monitor.
-module(linkspan_control).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export_type([answer/0]).
-export([start/2, call/4, timed/3, answered/3, cast/3, await_room/3, info/2, describe/1]).
-export([send_request/3, stream/4, credit/3, withdraw/2]).

%% Commands: see native/beam/src/endpoint/commands.rs.
-define(COMMAND(Number), (16#C0000000 + Number)).
-define(ATTACH, ?COMMAND(0)).
-define(WITHDRAW, ?COMMAND(1)).
-define(LOAD_SERVICE, ?COMMAND(2)).
-define(START_SERVICE, ?COMMAND(3)).
-define(LISTEN, ?COMMAND(4)).
-define(AWAIT_ROOM, ?COMMAND(5)).
-define(GET_INFO, ?COMMAND(6)).
-define(SUBMIT, ?COMMAND(8)).
-define(GIVE_CREDIT, ?COMMAND(9)).
-define(GET_DESCRIPTION, ?COMMAND(10)).

%% What a host says at once to an operation or a command: its reply, or another status and what goes with that.
-type answer() :: {ok, Reply :: binary()} | {Status :: byte(), Body :: binary()} | closed.

%% Operations with this bit are casts.
-define(CAST_BIT, (1 bsl 31)).

%% How a direct call is run: at once if it may, deferred in any case, or as a stream.
-define(SOON, 0).
-define(LATER, 1).
-define(IN_PARTS, 2).

%% Loads and starts the service of a new instance.
-spec start(#linkspan{}, linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
start(Blank, #{library := Path, events := Events} = Options) ->
    case request(Blank, ?LOAD_SERVICE, linkspan_frame:load(Options), infinity) of
        {ok, Description} ->
            Instance = linkspan_frame:describe(Blank, Path, Description),
            ok = listen(Instance, linkspan_host:shown(Instance, Options), Events),
            case request(Instance, ?START_SERVICE, linkspan_frame:start(Options), infinity) of
                {ok, <<>>} -> {ok, Instance};
                {error, Reason} -> {error, Reason}
            end;
        {error, Reason} ->
            {error, Reason}
    end.

listen(Instance, Shown, Events) ->
    Pid = term_to_binary(Events),
    {ok, <<>>} = control(Instance, ?LISTEN, [<<(byte_size(Pid)):32>>, Pid, term_to_binary(Shown)]),
    ok.

%% Named, for a module in a variable is looked up at each call.
control(#linkspan{host = linkspan_driver} = Instance, Operation, Body) ->
    linkspan_driver:control(Instance, Operation, Body);
control(#linkspan{host = linkspan_nif} = Instance, Operation, Body) ->
    linkspan_nif:control(Instance, Operation, Body).

send(#linkspan{host = linkspan_driver} = Instance, Head, Body) -> linkspan_driver:direct(Instance, Head, Body);
send(#linkspan{host = linkspan_nif} = Instance, Head, Body) -> linkspan_nif:direct(Instance, Head, Body).

%% What is left of a call when a host has not taken it on its fast path.
-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{long = Long} = Instance, Operation, Body, Timeout) ->
    case iolist_size(Body) < ?LONG_BODY of
        true -> request(Instance, timed(Operation, Long, Timeout), Body, Timeout);
        false -> direct(Instance, Operation, Body, Timeout)
    end.

%% How long the caller waits is to be known when a worker begins. What is short, or learnt to be, is not told: mostly it
%% does not get there.
-spec timed(non_neg_integer(), non_neg_integer(), timeout()) -> non_neg_integer().
timed(Operation, Long, Timeout) when is_integer(Timeout), Timeout =< ?LONGEST_TIMED, ?IS_LONG(Operation, Long) ->
    ?TIMED(Operation, Timeout);
timed(Operation, _Long, _Timeout) ->
    Operation.

request(Instance, Operation, Body, Timeout) ->
    answered(Instance, control(Instance, Operation, Body), Timeout).

%% What an answer to an operation means: a short operation of an idle instance has run, and this is its reply.
-spec answered(#linkspan{}, answer(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
answered(Instance, {?DEFERRED, Id}, Timeout) -> attach(Instance, Id, Timeout);
answered(_Instance, Answer, _Timeout) -> result(Answer).

result({ok, Reply}) -> {ok, Reply};
result({Status, Body}) -> {error, linkspan_reason:reason(Status, Body)};
result(closed) -> {error, closed}.

%% A deferred request: says where its answer is to go, and waits for it. Other processes have their turn before: what callers
%% have piled up is answered by then, and who finds his answer there needs no message.
attach(Instance, Id, Timeout) ->
    true = erlang:yield(),
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    case control(Instance, ?ATTACH, <<Id/binary, (linkspan_frame:timeout(Timeout)):32, Tag/binary>>) of
        {?DEFERRED, <<>>} ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
            after Timeout -> timed_out(Instance, Reference)
            end;
        Answer ->
            result(Answer)
    end.

%% A request that is too long to copy: says at once where its answer is to go.
direct(Instance, Operation, Body, Timeout) ->
    Reference = make_ref(),
    case send(Instance, head(Reference, Operation, Timeout, <<?SOON>>), Body) of
        closed ->
            {error, closed};
        _Sent ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
            after Timeout -> timed_out(Instance, Reference)
            end
    end.

head(Reference, Operation, Timeout, Mode) ->
    Tag = term_to_binary(Reference),
    <<(byte_size(Tag)):16, Tag/binary, Operation:32, (linkspan_frame:timeout(Timeout)):32, Mode/binary>>.

%% A NIF takes head and body apart, whatever their length; a port would take a signal for that.
submit(#linkspan{host = linkspan_nif} = Instance, Head, Body) ->
    linkspan_nif:direct(Instance, Head, Body);
submit(Instance, Head, Body) ->
    control(Instance, ?SUBMIT, [Head | Body]).

timed_out(Instance, Reference) ->
    case withdraw(Instance, Reference) of
        withdrawn ->
            {error, timeout};
        ending ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
            end
    end.

%% Gives a request or a stream up. Either it is withdrawn, and nothing comes any more; or it has just been answered, or
%% the instance's end has: then the last message is there or on its way.
-spec withdraw(#linkspan{}, reference()) -> withdrawn | ending.
withdraw(Instance, Reference) ->
    case control(Instance, ?WITHDRAW, term_to_binary(Reference)) of
        {?CANCELLED, <<>>} -> withdrawn;
        _Answered -> ending
    end.

%% Asks without waiting: the answer will be {Reference, Status, Body}.
-spec send_request(#linkspan{}, non_neg_integer(), iodata()) -> {ok, reference()} | {error, linkspan:reason()}.
send_request(Instance, Operation, Body) ->
    ask(Instance, Operation, Body, <<?LATER>>).

%% Asks for an answer in parts, the first Window of them at once: {Reference, Status, Body} each.
-spec stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
stream(Instance, Operation, Body, Window) ->
    case ask(Instance, Operation, Body, <<?IN_PARTS, Window:32>>) of
        {ok, Reference} -> {ok, Instance, Reference};
        {error, Reason} -> {error, Reason}
    end.

ask(Instance, Operation, Body, Mode) ->
    Reference = make_ref(),
    Head = head(Reference, Operation, infinity, Mode),
    Sent =
        case iolist_size(Body) < ?LONG_BODY of
            true -> submit(Instance, Head, Body);
            false -> send(Instance, Head, Body)
        end,
    case Sent of
        closed -> {error, closed};
        _Sent -> {ok, Reference}
    end.

-spec credit(#linkspan{}, reference(), pos_integer()) -> ok.
credit(Instance, Reference, More) ->
    %% Of the end of the instance a message tells.
    _ = control(Instance, ?GIVE_CREDIT, [<<More:32>>, term_to_binary(Reference)]),
    ok.

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    case control(Instance, Operation bor ?CAST_BIT, Body) of
        {ok, <<>>} -> ok;
        Refused -> result(Refused)
    end.

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    case control(Instance, ?AWAIT_ROOM, <<Wanted:64, Tag/binary>>) of
        {?DEFERRED, <<>>} ->
            Result =
                receive
                    {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
                after Timeout -> timed_out(Instance, Reference)
                end,
            case Result of
                {ok, <<>>} -> ok;
                {error, Reason} -> {error, Reason}
            end;
        closed ->
            {error, closed}
    end.

%% The record of an info, and what the host knows itself.
-spec info(#linkspan{}, map()) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(Instance, Own) ->
    case control(Instance, ?GET_INFO, <<>>) of
        {ok, Info} -> {ok, Info, Own};
        Refused -> result(Refused)
    end.

%% What a typed service says of itself.
-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(Instance) ->
    result(control(Instance, ?GET_DESCRIPTION, <<>>)).
