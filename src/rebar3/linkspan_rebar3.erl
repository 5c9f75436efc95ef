%% The plugin for rebar3: its commands, and what they know of an application. An application names Linkspan under `plugins` as
%% well as under `deps`; rebar3 finds this module by the setting `providers` of the application linkspan.
%%
%%     {provider_hooks, [{pre, [{compile, {linkspan, compile}}]}, {post, [{clean, {linkspan, clean}}]}]}.
%%     {linkspan, [
%%         %% One module for each pair {Module, Library} and triple {Module, Library, Service}; by default, for each library
%%         %% with a typed service of its own name, one of that name.
%%         {modules, [{my_counter, "counter"}]},
%%         %% A profile of cargo, and more arguments for `cargo build`.
%%         {profile, "release"},
%%         {arguments, ["--locked"]}
%%     ]}.
%%
%% In the environment, LINKSPAN_PRECOMPILED, CARGO_TARGET_DIR and CARGO_BUILD_TARGET as for Mix.
-module(linkspan_rebar3).

-export([init/1, arguments/1, build/1, settings/1, format_error/1]).

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
    (maps:without([modules], settings(State)))#{
        app => Name,
        source => rebar_app_info:dir(App),
        priv => filename:join(rebar_app_info:dir(App), "priv"),
        record => filename:join(Base, atom_to_list(Name) ++ ".record"),
        target => filename:join(Base, "native")
    }.

%% What rebar.config says of the application, under `linkspan`.
-spec settings(rebar_state:t()) -> #{modules | profile | arguments => term()}.
settings(State) ->
    Given = rebar_app_info:get(rebar_state:current_app(State), linkspan, []),
    case is_list(Given) andalso [Setting || Setting <- Given, not is_setting(Setting)] of
        [] -> maps:from_list(Given);
        false -> throw({error, {?MODULE, {setting, Given}}});
        [Other | _] -> throw({error, {?MODULE, {setting, Other}}})
    end.

is_setting({modules, _Checked}) -> true;
is_setting({profile, Profile}) -> io_lib:printable_unicode_list(Profile);
is_setting({arguments, Arguments}) -> is_list(Arguments) andalso lists:all(fun io_lib:printable_unicode_list/1, Arguments);
is_setting(_Other) -> false.

-spec format_error({setting, term()}) -> unicode:chardata().
format_error({setting, Setting}) ->
    io_lib:format(
        "rebar.config: linkspan is to be a list of {modules, List}, {profile, String} and {arguments, Strings}, without ~0tp",
        [Setting]
    ).
