%% The driver host: an instance is a port of the linked-in driver `linkspan`.
%%
%% Callers talk to the port themselves and are answered themselves; the port answers all of them with `closed` when
%% it ends, so that nobody needs a monitor.
-module(linkspan_driver).
-behaviour(linkspan_host).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([open/1, own/1, handle_info/3, call/4, cast/3, await_room/3, info/1, close/1]).

%% Commands: see native/beam/src/driver/commands.rs.
-define(COMMAND(Number), (16#C0000000 + Number)).
-define(ATTACH, ?COMMAND(0)).
-define(WITHDRAW, ?COMMAND(1)).
-define(LOAD_SERVICE, ?COMMAND(2)).
-define(START_SERVICE, ?COMMAND(3)).
-define(LISTEN, ?COMMAND(4)).
-define(AWAIT_ROOM, ?COMMAND(5)).
-define(GET_INFO, ?COMMAND(6)).
-define(SUBMIT, ?COMMAND(8)).

%% Operations with this bit are casts.
-define(CAST_BIT, (1 bsl 31)).
%% Kind of a frame that carries a long body by reference and is answered straight to its sender.
-define(DIRECT, 8).
%% From this size on a body goes by port_command/2, by reference; port_control/3 would have it copied if deferred.
-define(LONG_BODY, 32768).

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(#{service := Service, full := Full} = Options) ->
    %% Suspending a caller would make it deaf to its time-out: the queue has bounds of its own.
    try open_port({spawn_driver, "linkspan"}, [binary, {busy_limits_msgq, disabled}]) of
        Port ->
            Blank = #linkspan{host = ?MODULE, port = Port, service = Service, full = Full},
            case start(Blank, Options) of
                {ok, Instance} ->
                    {ok, Instance};
                {error, Reason} ->
                    true = unlink(Port),
                    ok = close(Blank),
                    {error, Reason}
            end
    catch
        error:Reason -> {error, {open_port, Reason}}
    end.

start(#linkspan{port = Port} = Blank, #{library := Path, events := Events} = Options) ->
    case request(Port, ?LOAD_SERVICE, linkspan_frame:load(Options), infinity) of
        {ok, Description} ->
            Instance = linkspan_frame:describe(Blank, Path, Description),
            ok = listen(Instance, Events),
            case request(Port, ?START_SERVICE, linkspan_frame:start(Options), infinity) of
                {ok, <<>>} -> {ok, Instance};
                {error, Reason} -> {error, Reason}
            end;
        {error, Reason} ->
            {error, Reason}
    end.

listen(#linkspan{port = Port} = Instance, Events) ->
    Pid = term_to_binary(Events),
    <<?OK>> = port_control(Port, ?LISTEN, [<<(byte_size(Pid)):32>>, Pid, term_to_binary(Instance)]),
    ok.

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(Options) ->
    case open(Options) of
        {ok, #linkspan{port = Port} = Instance} ->
            %% The link ends the server if the instance fails; the monitor tells it of a plain close.
            _ = erlang:monitor(port, Port),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

-spec handle_info(term(), #linkspan{}, pid()) -> ok | {stop, term()}.
handle_info({'DOWN', _Monitor, port, Port, Reason}, #linkspan{port = Port}, _Events) -> {stop, Reason};
handle_info(_Message, _Instance, _Events) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) ->
    {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{port = Port, long = Long}, Operation, Body, Timeout) when
    is_binary(Body), byte_size(Body) < ?LONG_BODY, not is_map_key(Operation, Long)
->
    request(Port, Operation, Body, Timeout);
call(#linkspan{port = Port, long = Long}, Operation, Body, Timeout) ->
    case iolist_size(Body) < ?LONG_BODY of
        false -> direct(fun command/3, Port, Operation, Body, Timeout);
        true when is_map_key(Operation, Long) -> direct(fun submit/3, Port, Operation, Body, Timeout);
        true -> request(Port, Operation, Body, Timeout)
    end.

%% The fast path: a short operation of an idle instance runs inside port_control/3, and its answer is the result.
request(Port, Operation, Body, Timeout) ->
    try port_control(Port, Operation, Body) of
        <<?OK, Reply/binary>> -> {ok, Reply};
        <<?DEFERRED, Id:64>> -> attach(Port, Id, Timeout);
        <<Status, Rest/binary>> -> linkspan_reason:result(Status, Rest)
    catch
        error:badarg -> closed(Port)
    end.

%% A deferred request: says where its answer is to go, and waits for it.
attach(Port, Id, Timeout) ->
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    try port_control(Port, ?ATTACH, <<Id:64, (linkspan_frame:timeout(Timeout)):32, Tag/binary>>) of
        <<?DEFERRED>> ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
            after Timeout -> withdraw(Port, Reference, Tag)
            end;
        <<Status, Reply/binary>> ->
            linkspan_reason:result(Status, Reply)
    catch
        error:badarg -> closed(Port)
    end.

%% A request that is deferred for certain, or too long to copy: says at once where its answer is to go.
direct(Send, Port, Operation, Body, Timeout) ->
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    Head = <<(byte_size(Tag)):16, Tag/binary, Operation:32, (linkspan_frame:timeout(Timeout)):32>>,
    try Send(Port, Head, Body) of
        _Sent ->
            receive
                {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
            after Timeout -> withdraw(Port, Reference, Tag)
            end
    catch
        error:badarg -> closed(Port)
    end.

command(Port, Head, Body) -> port_command(Port, [<<?DIRECT>>, Head | Body]).

submit(Port, Head, Body) -> port_control(Port, ?SUBMIT, [Head | Body]).

%% The time is over. Either the request is withdrawn, and no answer comes; or it has just been answered, or the
%% port's end has: then the answer is there or on its way.
withdraw(Port, Reference, Tag) ->
    try port_control(Port, ?WITHDRAW, Tag) of
        <<?CANCELLED>> -> {error, timeout};
        <<?OK>> -> answered(Reference)
    catch
        error:badarg -> answered(Reference)
    end.

answered(Reference) ->
    receive
        {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
    end.

%% A BIF refused: because the port is gone, or because of an argument, which is the caller's error.
closed(Port) ->
    case erlang:port_info(Port, id) of
        undefined -> {error, closed};
        _ -> erlang:error(badarg)
    end.

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(#linkspan{port = Port}, Operation, Body) ->
    try port_control(Port, Operation bor ?CAST_BIT, Body) of
        <<?OK>> -> ok;
        <<Status, Rest/binary>> -> {error, linkspan_reason:reason(Status, Rest)}
    catch
        error:badarg -> closed(Port)
    end.

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(#linkspan{port = Port}, Wanted, Timeout) ->
    Reference = make_ref(),
    Tag = term_to_binary(Reference),
    try port_control(Port, ?AWAIT_ROOM, <<Wanted:64, Tag/binary>>) of
        <<?DEFERRED>> ->
            Result =
                receive
                    {Reference, Status, Reply} -> linkspan_reason:result(Status, Reply)
                after Timeout -> withdraw(Port, Reference, Tag)
                end,
            case Result of
                {ok, <<>>} -> ok;
                {error, Reason} -> {error, Reason}
            end
    catch
        error:badarg -> closed(Port)
    end.

-spec info(#linkspan{}) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(#linkspan{port = Port}) ->
    try port_control(Port, ?GET_INFO, <<>>) of
        <<?OK, Info/binary>> -> {ok, Info, #{host => driver, port => Port}};
        <<Status, Rest/binary>> -> {error, linkspan_reason:reason(Status, Rest)}
    catch
        error:badarg -> closed(Port)
    end.

-spec close(#linkspan{}) -> ok.
close(#linkspan{port = Port}) ->
    try port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.
