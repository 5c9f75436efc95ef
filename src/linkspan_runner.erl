%% Runs what callers of an instance do not stay with (casts, and calls that had to queue) on dirty schedulers: one
%% process for each instance of the nif host whose deferred requests go there.
%%
%% Not the owner itself: that has to hear of its opener's end, of stop/1 and of its supervisor while a request runs.
-module(linkspan_runner).
-behaviour(gen_server).

-export([start_link/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% Called by the owner. If the runner fails, its owner and the instance go along.
-spec start_link(reference(), dirty_cpu | dirty_io) -> {ok, pid()}.
start_link(Resource, Dirty) ->
    {ok, _} = gen_server:start_link(?MODULE, {self(), Resource, Dirty}, []).

-spec init({pid(), reference(), dirty_cpu | dirty_io}) -> {ok, reference()}.
init({Owner, Resource, Dirty}) ->
    %% The link says nothing of an owner that ends normally.
    _ = erlang:monitor(process, Owner),
    ok = linkspan_nif:become_runner(Resource, Dirty),
    {ok, Resource}.

-spec handle_call(term(), gen_server:from(), reference()) -> {reply, {error, unknown_request}, reference()}.
handle_call(_Request, _From, Resource) ->
    {reply, {error, unknown_request}, Resource}.

-spec handle_cast(term(), reference()) -> {noreply, reference()}.
handle_cast(_Message, Resource) ->
    {noreply, Resource}.

-spec handle_info(term(), reference()) -> {noreply, reference()} | {stop, normal, reference()}.
handle_info(linkspan_turn, Resource) ->
    ok = linkspan_nif:run_turn(Resource),
    {noreply, Resource};
handle_info({'DOWN', _Monitor, process, _Owner, _Reason}, Resource) ->
    {stop, normal, Resource};
handle_info(_Message, Resource) ->
    {noreply, Resource}.
