%% The plugin for rebar3, which an application names beside the dependency: its commands, and what they know of an
%% application. rebar3 finds this module by the setting `providers` of the application linkspan.
-module(linkspan_rebar3).

-export([init/1, arguments/1, build/1, setting/3]).

-define(COMMANDS, [linkspan_rebar3_compile, linkspan_rebar3_clean, linkspan_rebar3_new, linkspan_rebar3_precompile]).

-spec init(rebar_state:t()) -> {ok, rebar_state:t()}.
init(State) ->
    {ok, lists:foldl(fun add/2, State, ?COMMANDS)}.

add(Module, State) ->
    Properties = [{module, Module}, {namespace, linkspan} | Module:properties()],
    rebar_state:add_provider(State, providers:create(Properties)).

%% What stands behind a command, but for its options. The first of it is, for rebar3, a task.
-spec arguments(rebar_state:t()) -> [string()].
arguments(State) ->
    {Options, Rest} = rebar_state:command_parsed_args(State),
    proplists:get_all_values(task, Options) ++ Rest.

%% How the native code of the application is built that a hook runs for. Rebar3's profiles share what cargo builds.
-spec build(rebar_state:t()) -> linkspan_build:options().
build(State) ->
    App = rebar_state:current_app(State),
    Name = binary_to_atom(rebar_app_info:name(App)),
    Base = filename:join(rebar_state:get(State, base_dir, "_build"), "linkspan"),
    #{
        app => Name,
        source => rebar_app_info:dir(App),
        priv => filename:join(rebar_app_info:dir(App), "priv"),
        record => filename:join(Base, [Name, ".record"]),
        target => filename:join(Base, "native"),
        profile => setting(profile, State, "release"),
        arguments => setting(arguments, State, [])
    }.

%% A setting of the application in rebar.config: {linkspan, [{Name, Value}]}.
-spec setting(atom(), rebar_state:t(), term()) -> term().
setting(Name, State, Default) ->
    proplists:get_value(Name, rebar_app_info:get(rebar_state:current_app(State), linkspan, []), Default).
