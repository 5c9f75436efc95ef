%% Several instances of an independent service behind one handle: a request goes to the lane of the caller's scheduler.
%%
%% Each lane is an instance of the host that was asked for, with a queue of its own; between lanes there is no order.
-module(linkspan_lanes).
-behaviour(linkspan_host).

-include("linkspan.hrl").

-export([lane/1, lane/2, list/1]).
-export([open/1, own/1, handle_info/2, call/4, call_term/4, cast/3, stream/4, await_room/3, info/1, describe/1, connect/2, close/1, release/1]).

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

%% Belongs to a process of its own as that of a server does, so that all lanes have one owner and end together.
-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(Options) ->
    linkspan_owner:open(Options).

open_lanes(0, #{full := Full}, [#linkspan{service = Service, path = Path, hash = Hash, key = Key, long = Long} | _] = Lanes) ->
    {ok, #linkspan{
        host = ?MODULE,
        target = list_to_tuple(Lanes),
        owner = self(),
        service = Service,
        path = Path,
        hash = Hash,
        key = Key,
        long = Long,
        full = Full
    }};
open_lanes(Left, #{host := Host, service := Service} = Options, Lanes) ->
    case Host:open(Options) of
        {ok, Lane} ->
            case linkspan_frame:is_independent(Lane) of
                true -> open_lanes(Left - 1, Options, [Lane | Lanes]);
                false -> give_up([Lane | Lanes], {not_independent, Service})
            end;
        {error, Reason} ->
            give_up(Lanes, Reason)
    end.

give_up(Lanes, Reason) ->
    ok = lists:foreach(fun linkspan:close/1, Lanes),
    {error, Reason}.

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(#{name := Name, lanes := {Number, Host}} = Options) ->
    %% Only the server has the name.
    case open_lanes(Number, Options#{host := Host, name := undefined}, []) of
        {ok, Instance} ->
            Lanes = list(Instance),
            %% The links end the owner if a lane fails; the monitors tell it of a plain close.
            ok = lists:foreach(fun(Lane) -> monitor(key(Lane)) end, Lanes),
            ok = name(Name, 1, Lanes),
            {ok, Instance};
        {error, Reason} ->
            {error, Reason}
    end.

%% What a lane ends with.
key(#linkspan{target = #linkspan{} = Behind}) -> key(Behind);
key(#linkspan{owner = undefined, target = Port}) -> Port;
key(#linkspan{owner = Owner}) -> Owner.

monitor(Port) when is_port(Port) -> erlang:monitor(port, Port);
monitor(Owner) -> erlang:monitor(process, Owner).

%% Tables show the lanes of a server by its name.
name(undefined, _Number, _Lanes) ->
    ok;
name(Name, Number, [Lane | Lanes]) ->
    ok = linkspan_keeper:register(key(Lane), Lane, {lane, Name, Number}),
    name(Name, Number + 1, Lanes);
name(_Name, _Number, []) ->
    ok.

-spec handle_info(term(), #linkspan{}) -> ok | {stop, term()}.
handle_info({'DOWN', _Monitor, _Type, _Lane, Reason}, _Instance) -> {stop, Reason};
handle_info(_Message, _Instance) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(Instance, Operation, Body, Timeout) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:call(Lane, Operation, Body, Timeout).

-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(Instance, Operation, Term, Timeout) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:call_term(Lane, Operation, Term, Timeout).

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(Instance, Operation, Body) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:cast(Lane, Operation, Body).

%% The whole stream comes from one lane.
-spec stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
stream(Instance, Operation, Body, Window) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:stream(Lane, Operation, Body, Window).

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(Instance, Wanted, Timeout) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:await_room(Lane, Wanted, Timeout).

%% There is no record for all of them.
-spec info(#linkspan{}) -> {lanes, [#linkspan{}]}.
info(Instance) ->
    {lanes, list(Instance)}.

-spec close(#linkspan{}) -> ok.
close(#linkspan{owner = Owner} = Instance) ->
    ok = release(Instance),
    linkspan_owner:close(Owner).

-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(Instance) ->
    #linkspan{host = Host} = Lane = lane(Instance),
    Host:describe(Lane).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{owner = Owner}, Pid) ->
    linkspan_owner:connect(Owner, Pid).

-spec release(#linkspan{}) -> ok.
release(Instance) ->
    lists:foreach(fun linkspan:close/1, list(Instance)).
