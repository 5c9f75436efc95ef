%% Supervises one instance of the service in each host. The module `words` is made from native/words.
-module(erlang_app_sup).
-behaviour(supervisor).

-export([start_link/0, init/1]).

-spec start_link() -> supervisor:startlink_ret().
start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

-spec init([]) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init([]) ->
    Hosts = [{words_driver, driver}, {words_nif, nif}, {words_program, program}],
    {ok, {#{strategy => one_for_one, intensity => 5}, [words(Name, Host) || {Name, Host} <- Hosts]}}.

words(Name, Host) ->
    words:child_spec([{start, [{fold_case, true}]}, {host, Host}, {name, Name}]).
