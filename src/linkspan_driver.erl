%% The driver host: an instance is a port of the linked-in driver `linkspan`.
-module(linkspan_driver).
-behaviour(linkspan_host).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([open/1, own/1, handle_info/2, call/4, call_term/4, cast/3, await_room/3, info/1, describe/1, connect/2, close/1, release/1]).
-export([send_request/3, stream/4, credit/3, withdraw/2]).
-export([control/3, direct/3, plain/2]).

%% Kind of a frame that carries a long body by reference and is answered straight to its sender.
-define(DIRECT, 8).

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(Options) ->
    case start(Options) of
        {ok, #linkspan{target = Port} = Instance} ->
            ok = linkspan_keeper:register(Port, linkspan_host:shown(Instance, Options), undefined),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

start(#{service := Service, full := Full} = Options) ->
    %% Suspending a caller would make it deaf to its time-out: the queue has bounds of its own.
    try open_port({spawn_driver, "linkspan"}, [binary, {busy_limits_msgq, disabled}]) of
        Port ->
            Blank = #linkspan{host = ?MODULE, target = Port, service = Service, full = Full},
            case linkspan_control:start(Blank, Options) of
                {ok, Instance} ->
                    {ok, Instance};
                {error, Reason} ->
                    ok = give_up(Blank),
                    {error, Reason}
            end
    catch
        error:Reason -> {error, {open_port, Reason}}
    end.

%% Of an instance that has not started: linked until it is closed, so that it goes with whoever is killed meanwhile.
give_up(#linkspan{target = Port} = Blank) ->
    ok = close(Blank),
    true = unlink(Port),
    receive
        {'EXIT', Port, _} -> ok
    after 0 -> ok
    end.

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(Options) ->
    case start(Options) of
        {ok, #linkspan{target = Port} = Instance} ->
            %% The link ends the server if the instance fails; the monitor tells it of a plain close.
            _ = erlang:monitor(port, Port),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

-spec handle_info(term(), #linkspan{}) -> ok | {stop, term()}.
%% OTP 25 calls a port a process here if the reason is more than an atom.
handle_info({'DOWN', _Monitor, _Type, Port, Reason}, #linkspan{target = Port}) -> {stop, Reason};
handle_info(_Message, _Instance) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{target = Port, long = Long} = Instance, Operation, Body, Timeout) when ?IS_FAST(Body) ->
    try port_control(Port, linkspan_control:timed(Operation, Long, Timeout), Body) of
        Reply when is_binary(Reply) -> {ok, Reply};
        Refused -> linkspan_control:answered(Instance, refused(Refused), Timeout)
    catch
        error:badarg -> linkspan_control:answered(Instance, closed(Port), Timeout)
    end;
call(Instance, Operation, Body, Timeout) ->
    linkspan_control:call(Instance, Operation, Body, Timeout).

%% The VM itself turns terms into bytes and back on the way.
-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(#linkspan{target = Port} = Instance, Operation, Term, Timeout) ->
    try erlang:port_call(Port, Operation, Term) of
        {ok, _Reply} = Result -> Result;
        {deferred, Id} -> linkspan_typed:decoded(linkspan_control:answered(Instance, {?DEFERRED, <<Id:64>>}, Timeout));
        {error, Status, Body} -> {error, linkspan_reason:reason(Status, Body)}
    catch
        error:badarg ->
            closed = closed(Port),
            {error, closed}
    end.

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    linkspan_control:cast(Instance, Operation, Body).

-spec send_request(#linkspan{}, non_neg_integer(), iodata()) -> {ok, reference()} | {error, linkspan:reason()}.
send_request(Instance, Operation, Body) ->
    linkspan_control:send_request(Instance, Operation, Body).

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    linkspan_control:await_room(Instance, Wanted, Timeout).

-spec stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
stream(Instance, Operation, Body, Window) ->
    linkspan_control:stream(Instance, Operation, Body, Window).

-spec credit(#linkspan{}, reference(), pos_integer()) -> ok.
credit(Instance, Reference, More) ->
    linkspan_control:credit(Instance, Reference, More).

-spec withdraw(#linkspan{}, reference()) -> withdrawn | ending.
withdraw(Instance, Reference) ->
    linkspan_control:withdraw(Instance, Reference).

-spec info(#linkspan{}) -> {ok, binary(), map()} | {error, linkspan:reason()}.
info(#linkspan{target = Port} = Instance) ->
    Owner =
        case erlang:port_info(Port, connected) of
            {connected, Pid} -> Pid;
            undefined -> undefined
        end,
    linkspan_control:info(Instance, #{host => driver, port => Port, owner => Owner}).

-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(Instance) ->
    linkspan_control:describe(Instance).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{target = Port}, Pid) ->
    Owner = self(),
    case erlang:port_info(Port, connected) of
        {connected, Owner} -> connect_port(Port, Pid);
        {connected, _Other} -> {error, not_owner};
        undefined -> {error, closed}
    end.

connect_port(Port, Pid) ->
    try port_connect(Port, Pid) of
        true ->
            true = Pid =:= self() orelse unlink(Port),
            ok
    catch
        error:badarg ->
            case erlang:port_info(Port, id) of
                undefined -> {error, closed};
                _ -> {error, noproc}
            end
    end.

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

-spec control(#linkspan{}, non_neg_integer(), iodata()) -> linkspan_control:answer().
control(#linkspan{target = Port}, Operation, Body) ->
    try port_control(Port, Operation, Body) of
        Reply when is_binary(Reply) -> {ok, Reply};
        Refused -> refused(Refused)
    catch
        error:badarg -> closed(Port)
    end.

%% What is no reply is a list.
refused([Status | Body]) -> {Status, list_to_binary(Body)}.

-spec direct(#linkspan{}, binary(), iodata()) -> true | closed.
direct(#linkspan{target = Port}, Head, Body) ->
    try
        port_command(Port, [<<?DIRECT>>, Head | Body])
    catch
        error:badarg -> closed(Port)
    end.

%% The instance behind a port that was opened without the client.
-spec plain(port(), Service :: binary()) -> #linkspan{}.
plain(Port, Service) ->
    #linkspan{host = ?MODULE, target = Port, service = Service, full = wait}.

%% A BIF refused: because the port is gone, or because of an argument, which is the caller's error.
closed(Port) ->
    case erlang:port_info(Port, id) of
        undefined -> closed;
        _ -> erlang:error(badarg)
    end.
