%% The hook `{pre, [{compile, {linkspan, compile}}]}`: builds the crates of an application, and has the modules of its typed
%% services compiled with the others.
-module(linkspan_rebar3_compile).

-export([properties/0, do/1, format_error/1]).

-spec properties() -> [{atom(), term()}].
properties() ->
    [
        {name, compile},
        {bare, false},
        {deps, []},
        {opts, []},
        {short_desc, "Builds the crates in native/ and makes the modules of typed services; a hook before compile."},
        {desc, "In rebar.config: {provider_hooks, [{pre, [{compile, {linkspan, compile}}]}]}."}
    ].

%% Hooks of a project run once more for all its applications, and then have nothing to do here.
-spec do(rebar_state:t()) -> {ok, rebar_state:t()}.
do(State) ->
    case rebar_state:current_app(State) of
        undefined -> {ok, State};
        App -> {ok, rebar_state:current_app(State, compiled(App, State))}
    end.

compiled(App, State) ->
    #{app := Name, record := Record} = Build = linkspan_rebar3:build(State),
    case linkspan_build:run(Build) of
        {error, Diagnostics} -> refuse({build, Name, Diagnostics});
        {_, _Warnings} -> with_modules(linkspan_record:outputs(linkspan_record:read(Record)), Build, App, State)
    end.

with_modules(Outputs, #{app := Name, priv := Priv}, App, State) ->
    Folder = filename:join(rebar_app_info:out_dir(App), "linkspan"),
    Native = unicode:characters_to_binary(filename:join(Priv, "native")),
    Options = #{
        app => Name,
        priv => Priv,
        libraries => [filename:basename(Output, ".so") || Output <- Outputs, filename:dirname(Output) =:= Native],
        taken => own_modules(App),
        folder => Folder
    },
    case linkspan_modules:write(maps:merge(Options, maps:with([modules], linkspan_rebar3:settings(State)))) of
        {ok, Remarks} ->
            _ = [rebar_api:warn("~ts", [Remark]) || Remark <- Remarks],
            Sources = rebar_dir:src_dirs(rebar_app_info:opts(App), ["src"]),
            rebar_app_info:set(App, src_dirs, Sources ++ [Folder]);
        {error, Why} ->
            refuse({modules, Name, Why})
    end.

own_modules(App) ->
    [
        list_to_atom(filename:basename(File, ".erl"))
     || Folder <- rebar_dir:src_dirs(rebar_app_info:opts(App), ["src"]),
        File <- filelib:wildcard(filename:join([rebar_app_info:dir(App), Folder, "**/*.erl"]))
    ].

%% What a hook returns as an error, rebar3 takes for a command that is not there.
-spec refuse(term()) -> no_return().
refuse(Reason) -> throw({error, {?MODULE, Reason}}).

-spec format_error(term()) -> unicode:chardata().
format_error({build, Name, Diagnostics}) ->
    Errors = [Diagnostic || #{severity := error} = Diagnostic <- Diagnostics],
    ["Compiling the native code of ", atom_to_list(Name), " failed\n" | lists:map(fun line/1, Errors)];
format_error({modules, Name, Why}) ->
    ["Making the modules of ", atom_to_list(Name), " failed\n", Why, "\n"].

%% As rebar3 shows an error of the Erlang compiler: all that cargo has to say of it has been shown already.
line(#{file := File, position := undefined, message := Message}) ->
    io_lib:format("~ts: ~ts~n", [File, hd(string:split(Message, "\n"))]);
line(#{file := File, position := {Line, Column, _, _}, message := Message}) ->
    io_lib:format("~ts:~b:~b: ~ts~n", [File, Line, Column, hd(string:split(Message, "\n"))]).
