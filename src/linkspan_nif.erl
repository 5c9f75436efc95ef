%% The nif host: an instance is a resource of the NIF library, which is the same image as the driver.
%%
%% A resource cannot be linked: a process owns it, and the resource watches that process.
-module(linkspan_nif).
-behaviour(linkspan_host).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([load/1]).
-export([open/1, own/1, handle_info/2, call/4, call_term/4, cast/3, await_room/3, info/1, describe/1, connect/2, close/1, release/1]).
-export([send_request/3, stream/4, credit/3, withdraw/2]).
-export([control/3, direct/3]).
-export([open_instance/0, instance_control/3, instance_call_term/3, instance_direct/3, close_instance/1]).
-export([become_runner/2, run_turn/1, instance_call/4]).
-on_load(reloaded/0).

-spec load(file:filename()) -> ok | {error, term()}.
load(Path) ->
    case erlang:load_nif(Path, 0) of
        ok -> persistent_term:put(?MODULE, Path);
        {error, {reload, _}} -> ok;
        {error, {_, Why}} -> {error, {load_nif, Path, Why}}
    end.

%% New code takes the place of the old only with NIFs, those of the image that is loaded. At first there is none: the
%% keeper loads it, and can say what is wrong.
-spec reloaded() -> ok | {error, term()}.
reloaded() ->
    case persistent_term:get(?MODULE, undefined) of
        undefined -> ok;
        Path -> load(Path)
    end.

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(Options) ->
    linkspan_owner:open(Options).

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(#{service := Service, full := Full, deferred := Deferred} = Options) ->
    Resource = open_instance(),
    Blank = #linkspan{host = ?MODULE, target = Resource, owner = self(), service = Service, full = Full},
    case start_runner(Resource, Deferred) of
        ok -> linkspan_control:start(Blank#linkspan{deferred = Deferred}, Options);
        {error, Reason} -> {error, Reason}
    end.

start_runner(_Resource, workers) ->
    ok;
start_runner(Resource, Dirty) ->
    try linkspan_runner:start_link(Resource, Dirty) of
        {ok, _Runner} -> ok
    catch
        error:system_limit -> {error, {system_limit, <<"the VM has no room for another process">>}}
    end.

-spec handle_info(term(), #linkspan{}) -> ok.
handle_info(_Message, _Instance) -> ok.

-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{deferred = workers} = Instance, Operation, Body, Timeout) when not ?IS_FAST(Body) ->
    linkspan_control:call(Instance, Operation, Body, Timeout);
call(#linkspan{target = Resource} = Instance, Operation, Body, Timeout) ->
    case instance_call(Resource, Operation, Body, linkspan_frame:timeout(Timeout)) of
        {ok, _Reply} = Result -> Result;
        Refused -> linkspan_control:answered(Instance, Refused, Timeout)
    end.

-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(#linkspan{target = Resource, long = Long, deferred = workers} = Instance, Operation, Term, Timeout) when
    not ?IS_LONG(Operation, Long)
->
    case instance_call_term(Resource, Operation, Term) of
        {term, Reply} -> {ok, Reply};
        Other -> linkspan_typed:decoded(linkspan_control:answered(Instance, Other, Timeout))
    end;
call_term(Instance, Operation, Term, Timeout) ->
    linkspan_typed:decoded(call(Instance, Operation, linkspan_typed:encode(Term), Timeout)).

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
info(#linkspan{owner = Owner, deferred = Deferred} = Instance) ->
    linkspan_control:info(Instance, #{host => nif, owner => Owner, deferred => Deferred}).

-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(Instance) ->
    linkspan_control:describe(Instance).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{owner = Owner}, Pid) ->
    linkspan_owner:connect(Owner, Pid).

-spec close(#linkspan{}) -> ok.
close(#linkspan{target = Resource, owner = Owner}) ->
    true = close_instance(Resource),
    linkspan_owner:close(Owner).

% The resource watches its owner.
-spec release(#linkspan{}) -> ok.
release(_Instance) -> ok.

-spec control(#linkspan{}, non_neg_integer(), iodata()) -> linkspan_control:answer().
control(#linkspan{target = Resource}, Operation, Body) ->
    instance_control(Resource, Operation, Body).

-spec direct(#linkspan{}, binary(), iodata()) -> true | closed.
direct(#linkspan{target = Resource}, Head, Body) ->
    instance_direct(Resource, Head, Body).

%% The NIFs: see call.rs, instance.rs and dirty.rs in native/beam/src/nif.

-spec open_instance() -> reference().
open_instance() -> erlang:nif_error(not_loaded).

-spec instance_control(reference(), non_neg_integer(), iodata()) -> linkspan_control:answer().
instance_control(_Resource, _Operation, _Body) -> erlang:nif_error(not_loaded).

-spec instance_call_term(reference(), non_neg_integer(), term()) -> {term, term()} | linkspan_control:answer().
instance_call_term(_Resource, _Operation, _Term) -> erlang:nif_error(not_loaded).

-spec instance_direct(reference(), binary(), iodata()) -> true.
instance_direct(_Resource, _Head, _Body) -> erlang:nif_error(not_loaded).

-spec close_instance(reference()) -> true.
close_instance(_Resource) -> erlang:nif_error(not_loaded).

-spec become_runner(reference(), dirty_cpu | dirty_io) -> ok.
become_runner(_Resource, _Dirty) -> erlang:nif_error(not_loaded).

-spec run_turn(reference()) -> ok.
run_turn(_Resource) -> erlang:nif_error(not_loaded).

-spec instance_call(reference(), non_neg_integer(), iodata(), 0..16#FFFFFFFF) -> linkspan_control:answer().
instance_call(_Resource, _Operation, _Body, _Timeout) -> erlang:nif_error(not_loaded).
