%% Several instances of an independent service behind one handle: a request goes to the lane of the caller's scheduler.
%%
%% Each lane is an instance of the host that was asked for, with a queue of its own; between lanes there is no order.
-module(linkspan_lanes).
-behaviour(linkspan_host).

-include("linkspan.hrl").

-export([host/2, lane/1, lane/2, list/1]).
-export([open/1, own/1, handle_info/3, call/4, cast/3, await_room/3, info/1, connect/2, close/1, release/1]).

%% The host that opens so many lanes.
-spec host(pos_integer(), module()) -> module().
host(1, Host) -> Host;
host(_Lanes, _Host) -> ?MODULE.

%% The lane that the caller's requests take at the moment.
-spec lane(#linkspan{}) -> #linkspan{}.
lane(#linkspan{target = Lanes}) ->
    element(1 + erlang:system_info(scheduler_id) rem tuple_size(Lanes), Lanes).

%% The lane that a key is pinned to.
-spec lane(#linkspan{}, term()) -> #linkspan{}.
lane(#linkspan{host = ?MODULE, target = Lanes}, Key) -> element(1 + erlang:phash2(Key, tuple_size(Lanes)), Lanes);
lane(#linkspan{} = Instance, _Key) -> Instance.

%% The instances behind a handle.
-spec list(#linkspan{}) -> [#linkspan{}].
list(#linkspan{host = ?MODULE, target = Lanes}) -> tuple_to_list(Lanes);
list(#linkspan{} = Instance) -> [Instance].

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(#{lanes := Number} = Options) ->
    %% Only the server has the name.
    open(Number, Options#{name := undefined}, []).

open(0, #{full := Full}, [#linkspan{service = Service, path = Path, hash = Hash, key = Key, long = Long} | _] = Lanes) ->
    {ok, #linkspan{
        host = ?MODULE,
        target = list_to_tuple(Lanes),
        service = Service,
        path = Path,
        hash = Hash,
        key = Key,
        long = Long,
        full = Full
    }};
open(Left, #{lane_host := Host, service := Service} = Options, Lanes) ->
    case Host:open(Options#{host := Host}) of
        {ok, Lane} ->
            case linkspan_frame:is_independent(Lane) of
                true -> open(Left - 1, Options, [Lane | Lanes]);
                false -> give_up([Lane | Lanes], {not_independent, Service})
            end;
        {error, Reason} ->
            give_up(Lanes, Reason)
    end.

give_up(Lanes, Reason) ->
    ok = lists:foreach(fun linkspan:close/1, Lanes),
    {error, Reason}.

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(Options) ->
    case open(Options) of
        {ok, Instance} ->
            %% The links end the server if a lane fails; the monitors tell it of a plain close.
            ok = lists:foreach(fun monitor/1, list(Instance)),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

monitor(#linkspan{owner = undefined, target = Port}) -> erlang:monitor(port, Port);
monitor(#linkspan{owner = Owner}) -> erlang:monitor(process, Owner).

-spec handle_info(term(), #linkspan{}, pid()) -> ok | {stop, term()}.
handle_info({'DOWN', _Monitor, _Type, _Lane, Reason}, _Instance, _Events) -> {stop, Reason};
handle_info(_Message, _Instance, _Events) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(Instance, Operation, Body, Timeout) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:call(Lane, Operation, Body, Timeout).

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:cast(Lane, Operation, Body).

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:await_room(Lane, Wanted, Timeout).

%% There is no record for all of them.
-spec info(#linkspan{}) -> {lanes, [#linkspan{}]}.
info(Instance) ->
    {lanes, list(Instance)}.

-spec close(#linkspan{}) -> ok.
close(Instance) ->
    lists:foreach(fun linkspan:close/1, list(Instance)).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(Instance, Pid) ->
    connect_all(list(Instance), Pid).

connect_all([#linkspan{host = Host} = Lane | Lanes], Pid) ->
    case Host:connect(Lane, Pid) of
        ok -> connect_all(Lanes, Pid);
        {error, Reason} -> {error, Reason}
    end;
connect_all([], _Pid) ->
    ok.

-spec release(#linkspan{}) -> ok.
release(Instance) ->
    close(Instance).
