%% Keeps the native code loaded, does for worker threads what only a process may do, and knows which server runs
%% which instance.
-module(linkspan_keeper).
-behaviour(gen_server).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([start_link/0, create_table/0, register/1, lookup/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(TABLE, linkspan_servers).
-define(MOST_WORKERS, 1024).
%% With one, a single long request would keep every other instance from starting.
-define(LEAST_WORKERS, 2).
%% A command to the driver: see native/beam/src/endpoint/commands.rs.
-define(CONFIGURE, 16#C0000007).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

%% Made by the supervisor, which owns it.
-spec create_table() -> ok.
create_table() ->
    ?TABLE = ets:new(?TABLE, [named_table, public, {read_concurrency, true}]),
    ok.

%% Says which instance the calling server runs.
-spec register(#linkspan{}) -> ok.
register(Instance) ->
    true = ets:insert(?TABLE, {self(), Instance}),
    gen_server:cast(?MODULE, {watch, self()}).

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
    _ = [erlang:monitor(process, Server) || {Server, _} <- ets:tab2list(?TABLE)],
    case linkspan_native:load() of
        ok -> configure(open_port({spawn_driver, "linkspan"}, [binary]));
        {error, Reason} -> {stop, Reason}
    end.

configure(Port) ->
    case application:get_env(linkspan, workers, max(?LEAST_WORKERS, erlang:system_info(schedulers))) of
        Workers when is_integer(Workers), Workers > 0, Workers =< ?MOST_WORKERS -> configure(Port, Workers);
        Other -> {stop, {bad_setting, workers, Other}}
    end.

configure(Port, Workers) ->
    Libraries = unicode:characters_to_binary(linkspan_native:library_dir(linkspan)),
    case port_control(Port, ?CONFIGURE, <<Workers:32, Libraries/binary>>) of
        <<?OK>> -> {ok, Port};
        <<_Status, Why/binary>> -> {stop, {configure, Why}}
    end.

-spec handle_call(term(), gen_server:from(), port()) -> {reply, {error, unknown_request}, port()}.
handle_call(_Request, _From, Port) ->
    {reply, {error, unknown_request}, Port}.

-spec handle_cast({watch, pid()}, port()) -> {noreply, port()}.
handle_cast({watch, Server}, Port) ->
    _ = erlang:monitor(process, Server),
    {noreply, Port}.

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
handle_info({'DOWN', _Monitor, process, Server, _Reason}, Port) ->
    true = ets:delete(?TABLE, Server),
    {noreply, Port};
handle_info(_Message, Port) ->
    {noreply, Port}.

end_reason(0, _Status, _Body) -> start_failed;
end_reason(1, Status, Body) -> linkspan_reason:reason(Status, Body).
