%% Keeps the native code loaded, does for worker threads what only a process may do, and knows every instance that
%% was opened by the client.
-module(linkspan_keeper).
-behaviour(gen_server).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([start_link/0, create_table/0, register/3, lookup/1, all/0]).
-export_type([key/0, name/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

%% Rows {Key, Instance, Name}.
-define(TABLE, linkspan_instances).
-define(MOST_WORKERS, 1024).
%% With one, a single long request would keep every other instance from starting.
-define(LEAST_WORKERS, 2).
%% A command to the driver: see native/beam/src/endpoint/commands.rs.
-define(CONFIGURE, 16#C0000007).

%% What an instance ends with: the process that owns it, or a port that somebody else opened for himself.
-type key() :: pid() | port().
-type name() :: undefined | {local, atom()} | {global, term()} | {via, module(), term()} | {lane, name(), pos_integer()}.

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Made by the supervisor, which owns it.
-spec create_table() -> ok.
create_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, {read_concurrency, true}]),
    ok.

%% Makes an instance known until its process or port ends. Waits for nobody.
-spec register(key(), #linkspan{}, name()) -> ok.
register(Key, Instance, Name) ->
    Keeper = whereis(?MODULE),
    %% First, so that whoever is killed before it has been done leaves no row that nobody watches.
    ok = watch_soon(Key),
    true = ets:insert(?TABLE, {Key, Instance, Name}),
    %% That may have been in vain: the instance had ended, and its row was not there yet; or the keeper.
    case whereis(?MODULE) =:= Keeper andalso is_there(Key) of
        true -> ok;
        false -> watch_soon(Key)
    end.

watch_soon(Key) -> gen_server:cast(?MODULE, {watch, Key}).

%% All that have not ended. Rows of others are on their way out.
-spec all() -> [{key(), #linkspan{}, name()}].
all() ->
    Rows =
        case ets:whereis(?TABLE) of
            %% The application is not started.
            undefined -> [];
            Table -> ets:tab2list(Table)
        end,
    {There, Gone} = lists:partition(fun({Key, _, _}) -> is_there(Key) end, Rows),
    _ = [ets:delete(?TABLE, Key) || {Key, _, _} <- Gone],
    There.

is_there(Server) when is_pid(Server) -> is_process_alive(Server);
is_there(Port) -> erlang:port_info(Port, id) =/= undefined.

%% The instance of a server.
-spec lookup(pid()) -> #linkspan{} | undefined.
lookup(Server) ->
    try
        ets:lookup_element(?TABLE, Server, 2)
    catch
        error:badarg -> undefined
    end.

-spec init([]) -> {ok, port()} | {stop, term()}.
init([]) ->
    _ = [watch(Key) || {Key, _, _} <- all()],
    case linkspan_native:load() of
        ok -> configure(open_port({spawn_driver, "linkspan"}, [binary]));
        {error, Reason} -> {stop, Reason}
    end.

configure(Port) ->
    Workers = setting(workers, max(?LEAST_WORKERS, erlang:system_info(schedulers)), 1, ?MOST_WORKERS),
    Niceness = setting(worker_niceness, 0, 0, 19),
    case {Workers, Niceness} of
        {{ok, Threads}, {ok, Nice}} -> configure(Port, Threads, Nice);
        {{error, Bad}, _} -> {stop, Bad};
        {_, {error, Bad}} -> {stop, Bad}
    end.

setting(Name, Default, Least, Most) ->
    case application:get_env(linkspan, Name, Default) of
        Value when is_integer(Value), Value >= Least, Value =< Most -> {ok, Value};
        Other -> {error, {bad_setting, Name, Other}}
    end.

configure(Port, Workers, Niceness) ->
    Libraries = unicode:characters_to_binary(linkspan_native:library_dir(linkspan)),
    case port_control(Port, ?CONFIGURE, <<Workers:32, Niceness, Libraries/binary>>) of
        <<>> -> {ok, Port};
        [_Status | Why] -> {stop, {configure, list_to_binary(Why)}}
    end.

-spec handle_call(term(), gen_server:from(), port()) -> {reply, {error, unknown_request}, port()}.
handle_call(_Request, _From, Port) ->
    {reply, {error, unknown_request}, Port}.

-spec handle_cast({watch, key()}, port()) -> {noreply, port()}.
handle_cast({watch, Key}, Port) ->
    _ = watch(Key),
    {noreply, Port}.

watch(Server) when is_pid(Server) -> erlang:monitor(process, Server);
watch(Port) -> erlang:monitor(port, Port).

-spec handle_info(term(), port()) -> {noreply, port()}.
handle_info({linkspan_ended, Ended, AtStart, Status, Body}, Port) ->
    %% A driver can end its port with an atom only; a process with any reason.
    true = exit(Ended, end_reason(AtStart, Status, Body)),
    {noreply, Port};
handle_info({linkspan_overran, Service, Operation, Micros}, Port) ->
    %% Once for each operation of a service, however many instances it has.
    Key = {?MODULE, overran, Service, Operation},
    _ = get(Key) =:= undefined andalso
        logger:warning(
            "linkspan: ~ts of service ~ts held a scheduler for ~b us; it is deferred from now on",
            [Operation, Service, Micros]
        ),
    _ = put(Key, true),
    {noreply, Port};
handle_info({'DOWN', _Monitor, _Type, Key, _Reason}, Port) ->
    true = ets:delete(?TABLE, Key),
    {noreply, Port};
handle_info(_Message, Port) ->
    {noreply, Port}.

end_reason(0, _Status, _Body) -> start_failed;
end_reason(1, Status, Body) -> linkspan_reason:reason(Status, Body).
