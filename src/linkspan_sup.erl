%% Supervises the keeper and the statistics, and owns the table of instances so that it survives a keeper's crash.
-module(linkspan_sup).
-behaviour(supervisor).

-export([start_link/0]).
-export([init/1]).

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    ok = linkspan_keeper:create_table(),
    Keeper = #{id => linkspan_keeper, start => {linkspan_keeper, start_link, []}},
    Stats = #{id => linkspan_stats, start => {linkspan_stats, start_link, []}},
    {ok, {#{strategy => one_for_one, intensity => 10, period => 10}, [Keeper, Stats]}}.
