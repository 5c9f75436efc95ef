%% The command `rebar3 linkspan new NAME`: makes a service in Rust, and a test that calls it.
-module(linkspan_rebar3_new).

-export([properties/0, do/1, format_error/1]).

-spec properties() -> [{atom(), term()}].
properties() ->
    [
        {name, new},
        {bare, true},
        {deps, [{default, app_discovery}]},
        {example, "rebar3 linkspan new counter"},
        {opts, [{app, $a, "app", atom, "The application, if the project has several."}]},
        {short_desc, "Makes a typed service in Rust, with a test of its own and one in Erlang."},
        {desc,
            "Makes native/NAME, a crate with a service, and test/NAME_service_tests.erl, which calls it through the module NAME.\n"
            "NAME is of lower-case letters and digits, in words joined by _. Nothing that exists is overwritten.\n"}
    ].

-spec do(rebar_state:t()) -> {ok, rebar_state:t()} | {error, {module(), term()}}.
do(State) ->
    {Options, _} = rebar_state:command_parsed_args(State),
    case {linkspan_rebar3:arguments(State), app(proplists:get_value(app, Options), rebar_state:project_apps(State))} of
        {[Name], {ok, App}} ->
            case linkspan_template:check(Name) of
                ok -> make(Name, App, State);
                {error, Why} -> refuse(Why)
            end;
        {[_], {error, Why}} ->
            refuse(Why);
        _ ->
            refuse("rebar3 linkspan new wants one name, for example: rebar3 linkspan new counter")
    end.

app(undefined, [App]) -> {ok, App};
app(undefined, Apps) -> {error, ["which application is it for? Name one of ", names(Apps), " with --app"]};
app(Name, Apps) ->
    case [App || App <- Apps, rebar_app_info:name(App) =:= atom_to_binary(Name)] of
        [App] -> {ok, App};
        [] -> {error, ["there is no application ", atom_to_list(Name), " here, but ", names(Apps)]}
    end.

names(Apps) -> lists:join(", ", [rebar_app_info:name(App) || App <- Apps]).

make(Name, App, State) ->
    Dir = rebar_app_info:dir(App),
    Files = linkspan_template:crate(Name, linkspan(filename:join([Dir, "native", Name]), State)) ++ test(Name),
    case [Path || Path <- [filename:join("native", Name) | [File || {File, _} <- Files]], filelib:is_file(filename:join(Dir, Path))] of
        [] ->
            _ = [ok = write(filename:join(Dir, File), Text) || {File, Text} <- Files],
            io:put_chars(linkspan_template:fill([missing(App), next_steps()], [{"NAME", Name}])),
            {ok, State};
        [Path | _] ->
            refuse([Path, " exists already, and is left as it is: nothing has been made"])
    end.

write(File, Text) ->
    rebar_api:info("Writing ~ts", [File]),
    ok = filelib:ensure_dir(File),
    file:write_file(File, unicode:characters_to_binary(Text)).

%% Where the crate `linkspan` is, as seen from a folder: paths that are relative survive a move of the project.
linkspan(Crate, State) ->
    Apps = rebar_state:all_plugin_deps(State) ++ rebar_state:all_deps(State),
    [Dir | _] = [rebar_app_info:dir(App) || App <- Apps, rebar_app_info:name(App) =:= <<"linkspan">>],
    rebar_dir:make_relative_path(filename:join(Dir, "native/linkspan"), filename:join(Crate, "Cargo.toml")).

%% rebar3 would run tests in NAME_tests twice: with those of the application, and with NAME, which it finds later.
test(Name) ->
    Text =
        "%% The service {NAME} in every host.\n"
        "-module({NAME}_service_tests).\n"
        "\n"
        "-include_lib(\"eunit/include/eunit.hrl\").\n"
        "\n"
        "adds_up_test_() ->\n"
        "    {setup, fun linkspan:load/0, [{atom_to_list(Host), fun() -> adds_up(Host) end} || Host <- [driver, nif, program]]}.\n"
        "\n"
        "adds_up(Host) ->\n"
        "    {ok, Server} = {NAME}:start_link([{start, [{total, 5}]}, {host, Host}]),\n"
        "    ?assertEqual({ok, 8}, {NAME}:add(Server, 3)),\n"
        "    ?assertEqual({ok, 8}, {NAME}:total(Server)),\n"
        "    ?assertMatch({error, {bad_request, <<\"argument by\", _/binary>>}}, {NAME}:add(Server, \"three\")),\n"
        "    ok = linkspan:stop(Server).\n",
    [{filename:join("test", Name ++ "_service_tests.erl"), linkspan_template:fill(Text, [{"NAME", Name}])}].

%% A hook that is not there would not be missed before the module is.
missing(App) ->
    Hooks = proplists:get_value(pre, rebar_app_info:get(App, provider_hooks, []), []),
    case lists:member({linkspan, compile}, proplists:get_all_values(compile, Hooks)) of
        true -> "";
        false ->
            [
                "\nFor the module {NAME}, this is missing in ", filename:join(rebar_app_info:dir(App), "rebar.config"),
                ":\n\n    {provider_hooks, [{pre, [{compile, {linkspan, compile}}]}]}.\n"
            ]
    end.

next_steps() ->
    "\n"
    "The service is in native/{NAME}/src/lib.rs: change it, and the functions of the module {NAME} change.\n"
    "Test it from Erlang and in Rust:\n"
    "\n"
    "    rebar3 eunit\n"
    "    cargo test --manifest-path native/{NAME}/Cargo.toml\n"
    "\n"
    "Start it under a supervisor, in the host driver, nif or program:\n"
    "\n"
    "    {NAME}:child_spec([{start, [{total, 0}]}, {host, driver}, {name, {NAME}}])\n"
    "\n".

-spec refuse(unicode:chardata()) -> {error, {module(), unicode:chardata()}}.
refuse(Why) -> {error, {?MODULE, Why}}.

-spec format_error(unicode:chardata()) -> unicode:chardata().
format_error(Why) -> Why.
