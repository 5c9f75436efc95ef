%% Tells `telemetry` of every instance of this node at an interval, if the application asks for it. docs/telemetry.md
%% describes the event.
-module(linkspan_stats).
-behaviour(gen_server).

-include("linkspan.hrl").

-export([start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-record(state, {
    interval :: pos_integer(),
    %% The counts of each instance at the last event.
    counts = #{} :: #{linkspan_keeper:key() => map()}
}).

%% Ignored if `telemetry_interval` is false, its default, or if there is no module `telemetry` to tell.
-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

-spec init([]) -> {ok, #state{}} | ignore | {stop, term()}.
init([]) ->
    case application:get_env(linkspan, telemetry_interval, false) of
        false -> ignore;
        Interval when is_integer(Interval), Interval > 0, Interval < 1 bsl 32 -> tell_every(Interval);
        Other -> {stop, {bad_setting, telemetry_interval, Other}}
    end.

tell_every(Interval) ->
    case linkspan_telemetry:is_available() of
        true -> {ok, wait(#state{interval = Interval})};
        false -> ignore
    end.

wait(#state{interval = Interval} = State) ->
    _ = erlang:send_after(Interval, self(), tell),
    State.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, {error, unknown_request}, #state{}}.
handle_call(_Request, _From, State) ->
    {reply, {error, unknown_request}, State}.

-spec handle_cast(term(), #state{}) -> {noreply, #state{}}.
handle_cast(_Message, State) ->
    {noreply, State}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}}.
handle_info(tell, #state{counts = Before} = State) ->
    Told = linkspan_instances:infos(),
    Now = [{Key, tell(Row, Info, maps:get(Key, Before, #{}))} || {{Key, _, _} = Row, Info} <- Told],
    {noreply, wait(State#state{counts = maps:from_list(Now)})};
handle_info(_Message, State) ->
    {noreply, State}.

%% Tells of one instance; returns what it has counted by now.
tell(_Row, no_answer, Before) ->
    Before;
tell({_Key, Instance, Name}, #{counts := Counts, queue := Queue, overall := Overall} = Info, Before) ->
    #{requests := Requests, bytes := Bytes} = Queue,
    #{p50 := P50, p99 := P99, max := Max} = Overall,
    New = maps:map(fun(Count, Number) -> Number - maps:get(Count, Before, 0) end, Counts),
    Measurements = New#{
        queue_requests => Requests,
        queue_bytes => Bytes,
        p50 => native(P50),
        p99 => native(P99),
        max => native(Max)
    },
    Metadata = (maps:with([service, host, owner, state], Info))#{name => Name, instance => Instance},
    ok = linkspan_telemetry:emit([linkspan, instance, stats], Measurements, Metadata),
    Counts.

native(Nanos) ->
    erlang:convert_time_unit(Nanos, nanosecond, native).
