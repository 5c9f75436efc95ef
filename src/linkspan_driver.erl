%% The driver host: an instance is a port of the linked-in driver `linkspan`.
-module(linkspan_driver).
-behaviour(linkspan_host).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([open/1, own/1, handle_info/3, call/4, cast/3, await_room/3, info/1, close/1, release/1]).
-export([control/3, direct/3]).

%% Kind of a frame that carries a long body by reference and is answered straight to its sender.
-define(DIRECT, 8).

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(#{service := Service, full := Full} = Options) ->
    %% Suspending a caller would make it deaf to its time-out: the queue has bounds of its own.
    try open_port({spawn_driver, "linkspan"}, [binary, {busy_limits_msgq, disabled}]) of
        Port ->
            Blank = #linkspan{host = ?MODULE, target = Port, service = Service, full = Full},
            case linkspan_control:start(Blank, Options) of
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

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(Options) ->
    case open(Options) of
        {ok, #linkspan{target = Port} = Instance} ->
            %% The link ends the server if the instance fails; the monitor tells it of a plain close.
            _ = erlang:monitor(port, Port),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

-spec handle_info(term(), #linkspan{}, pid()) -> ok | {stop, term()}.
%% OTP 25 calls a port a process here if the reason is more than an atom.
handle_info({'DOWN', _Monitor, _Type, Port, Reason}, #linkspan{target = Port}, _Events) -> {stop, Reason};
handle_info(_Message, _Instance, _Events) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{target = Port, long = Long} = Instance, Operation, Body, Timeout) when
    ?IS_FAST(Operation, Long, Body)
->
    try port_control(Port, Operation, Body) of
        <<?OK, Reply/binary>> -> {ok, Reply};
        Other -> linkspan_control:answered(Instance, Other, Timeout)
    catch
        error:badarg -> linkspan_control:answered(Instance, closed(Port), Timeout)
    end;
call(Instance, Operation, Body, Timeout) ->
    linkspan_control:call(Instance, Operation, Body, Timeout).

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    linkspan_control:cast(Instance, Operation, Body).

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    linkspan_control:await_room(Instance, Wanted, Timeout).

-spec info(#linkspan{}) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(#linkspan{target = Port} = Instance) ->
    linkspan_control:info(Instance, #{host => driver, port => Port}).

-spec close(#linkspan{}) -> ok.
close(#linkspan{target = Port}) ->
    try port_close(Port) of
        true -> ok
    catch
        error:badarg -> ok
    end.

% The port ends with its owner.
-spec release(#linkspan{}) -> ok.
release(_Instance) -> ok.

-spec control(#linkspan{}, non_neg_integer(), iodata()) -> binary() | closed.
control(#linkspan{target = Port}, Operation, Body) ->
    try
        port_control(Port, Operation, Body)
    catch
        error:badarg -> closed(Port)
    end.

-spec direct(#linkspan{}, binary(), iodata()) -> true | closed.
direct(#linkspan{target = Port}, Head, Body) ->
    try
        port_command(Port, [<<?DIRECT>>, Head | Body])
    catch
        error:badarg -> closed(Port)
    end.

%% A BIF refused: because the port is gone, or because of an argument, which is the caller's error.
closed(Port) ->
    case erlang:port_info(Port, id) of
        undefined -> closed;
        _ -> erlang:error(badarg)
    end.
