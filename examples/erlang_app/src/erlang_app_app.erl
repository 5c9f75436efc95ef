%% The application: its supervisor.
-module(erlang_app_app).
-behaviour(application).

-export([start/2, stop/1]).

-spec start(application:start_type(), term()) -> {ok, pid()} | {error, term()}.
start(_Type, _Arguments) ->
    case erlang_app_sup:start_link() of
        {ok, Supervisor} -> {ok, Supervisor};
        {error, Reason} -> {error, Reason};
        ignore -> {error, ignore}
    end.

-spec stop(term()) -> ok.
stop(_State) -> ok.
