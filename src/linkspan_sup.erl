%% Supervises the keeper, and owns the table of servers so that it survives a keeper's crash.
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
    {ok, {#{strategy => one_for_one, intensity => 10, period => 10}, [Keeper]}}.
