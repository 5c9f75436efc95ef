%% A process that owns an instance: the server of start_link/1, and the owner behind open/1 where a host needs one.
-module(linkspan_owner).
-behaviour(gen_server).

-include("linkspan.hrl").

-export([start_link/1, open/1, connect/2, close/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-record(state, {
    instance :: #linkspan{},
    events :: pid(),
    %% The process that opened the instance for itself, and its monitor.
    opener :: {pid(), reference()} | undefined
}).

%% Starts a server. Returns the service's error if it cannot start.
-spec start_link(linkspan_options:options()) -> {ok, pid()} | {error, {already_started, pid()} | linkspan:reason()}.
start_link(Options) ->
    start_link(server, Options).

%% Opens an instance for the caller: its owner ends with the caller, whatever the reason.
-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(Options) ->
    start_link(owner, Options).

start_link(Role, Options) ->
    try
        proc_lib:start_link(?MODULE, init, [{self(), Role, Options}])
    catch
        error:system_limit -> {error, {system_limit, <<"the VM has no room for another process">>}}
    end.

%% Makes an instance follow another process than the caller, who opened it.
-spec connect(pid(), pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(Owner, Pid) ->
    try
        gen_server:call(Owner, {connect, Pid}, infinity)
    catch
        exit:_ -> {error, closed}
    end.

%% Ends an owner and with it its instance.
-spec close(pid()) -> ok.
close(Owner) ->
    try
        gen_server:stop(Owner)
    catch
        exit:_ -> ok
    end.

%% Runs in the new process, by proc_lib: a service that cannot start is an error to return, not a crash.
-spec init({pid(), server | owner, linkspan_options:options()}) -> no_return().
init({Parent, Role, #{name := Name, host := Host, events := Events} = Options}) ->
    case register_as(Name) of
        ok ->
            case Host:own(Options) of
                {ok, Instance} ->
                    State = #state{instance = Instance, events = Events, opener = opener(Role, Parent)},
                    ok = linkspan_keeper:register(self(), Instance, Name),
                    proc_lib:init_ack(Parent, {ok, result(Role, Instance)}),
                    enter_loop(Name, State);
                {error, Reason} ->
                    ok = unregister_as(Name),
                    refuse(Parent, Reason)
            end;
        {error, Reason} ->
            refuse(Parent, Reason)
    end.

result(server, _Instance) -> self();
result(owner, Instance) -> Instance.

opener(server, _Parent) -> undefined;
opener(owner, Parent) -> {Parent, erlang:monitor(process, Parent)}.

enter_loop(undefined, State) -> gen_server:enter_loop(?MODULE, [], State);
enter_loop(Name, State) -> gen_server:enter_loop(?MODULE, [], State, Name).

-spec refuse(pid(), term()) -> no_return().
refuse(Parent, Reason) ->
    %% Linked until the parent has its answer: it hears of an end before that by nothing else.
    proc_lib:init_ack(Parent, {error, Reason}),
    true = unlink(Parent),
    exit(normal).

%% The name is free when the caller learns of the error.
unregister_as(undefined) ->
    ok;
unregister_as({local, Name}) ->
    true = unregister(Name),
    ok;
unregister_as({global, Name}) ->
    _ = global:unregister_name(Name),
    ok;
unregister_as({via, Module, Name}) ->
    _ = Module:unregister_name(Name),
    ok.

register_as(undefined) ->
    ok;
register_as({local, Name}) ->
    try register(Name, self()) of
        true -> ok
    catch
        error:badarg -> taken(whereis(Name), {local, Name})
    end;
register_as({global, Name}) ->
    case global:register_name(Name, self()) of
        yes -> ok;
        no -> taken(global:whereis_name(Name), {global, Name})
    end;
register_as({via, Module, Name}) ->
    case Module:register_name(Name, self()) of
        yes -> ok;
        no -> taken(Module:whereis_name(Name), {via, Module, Name})
    end.

%% Whoever had the name may just have ended; what is no process will not.
taken(undefined, Name) -> register_as(Name);
taken(Other, _Name) -> {error, {already_started, Other}}.

-spec handle_call(term(), gen_server:from(), #state{}) ->
    {reply, ok | {error, linkspan_host:not_connected() | unknown_request}, #state{}}.
handle_call({connect, Pid}, {Pid, _Tag}, #state{opener = {Pid, _}} = State) ->
    {reply, ok, State};
handle_call({connect, Pid}, {Opener, _Tag}, #state{opener = {Opener, Monitor}} = State) ->
    case is_process_alive(Pid) andalso linked(Pid) of
        true ->
            New = {Pid, erlang:monitor(process, Pid)},
            true = unlink(Opener),
            true = erlang:demonitor(Monitor, [flush]),
            {reply, ok, State#state{opener = New}};
        false ->
            {reply, {error, noproc}, State}
    end;
handle_call({connect, _Pid}, _From, State) ->
    {reply, {error, not_owner}, State};
handle_call(_Request, _From, State) ->
    {reply, {error, unknown_request}, State}.

linked(Pid) ->
    try
        link(Pid)
    catch
        %% It has just ended.
        error:noproc -> false
    end.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_Message, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, term(), #state{}}.
handle_info({'DOWN', Monitor, process, _, _}, #state{opener = {_, Monitor}} = State) ->
    {stop, normal, State};
handle_info(Message, #state{instance = #linkspan{host = Host} = Instance, events = Events} = State) ->
    case Host:handle_info(Message, Instance) of
        ok ->
            {noreply, State};
        {event, Event} ->
            Events ! {linkspan, Instance, {event, Event}},
            {noreply, State};
        {stop, Reason} ->
            {stop, Reason, State}
    end.

-spec terminate(term(), #state{}) -> ok.
terminate(_Reason, #state{instance = #linkspan{host = Host} = Instance}) ->
    Host:release(Instance).
