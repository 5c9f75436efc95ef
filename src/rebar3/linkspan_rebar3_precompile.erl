%% The command `rebar3 linkspan precompile DIR`: a folder for LINKSPAN_PRECOMPILED.
-module(linkspan_rebar3_precompile).

-export([properties/0, do/1, format_error/1]).

-spec properties() -> [{atom(), term()}].
properties() ->
    [
        {name, precompile},
        {bare, true},
        {deps, [{default, compile}]},
        {opts, []},
        {example, "rebar3 linkspan precompile DIR"},
        {short_desc, "Copies built native code into a folder for LINKSPAN_PRECOMPILED."},
        {desc,
            "Builds, and copies the native code of Linkspan and of this project's applications into DIR, with a list of\n"
            "SHA-256 checksums. Where the variable LINKSPAN_PRECOMPILED names that folder, no cargo is needed to compile.\n"}
    ].

-spec do(rebar_state:t()) -> {ok, rebar_state:t()} | {error, {module(), unicode:chardata()}}.
do(State) ->
    case linkspan_rebar3:arguments(State) of
        [Dir] -> precompile(filename:absname(Dir), State);
        _ -> {error, {?MODULE, "rebar3 linkspan precompile wants a folder, and nothing else"}}
    end.

precompile(Dir, State) ->
    Builds = [linkspan_rebar3:build(rebar_state:current_app(State, App)) || App <- rebar_state:project_apps(State)],
    Own = own(filename:join(rebar_dir:base_dir(State), "linkspan.native")),
    Applications = [Own | [{Name, Priv, Record} || #{app := Name, priv := Priv, record := Record} <- Builds]],
    case linkspan_precompiled:make(Dir, Applications) of
        {ok, Paths} ->
            _ = [rebar_api:info("Writing ~ts", [filename:join(Dir, Path)]) || Path <- Paths],
            {ok, State};
        {error, Errors} ->
            {error, {?MODULE, lists:map(fun linkspan_diagnostic:format/1, Errors)}}
    end.

%% Linkspan's native code is built by its build.escript, in the folder that the link in _checkouts stands for.
own(Record) ->
    Outputs = linkspan_record:outputs(linkspan_record:read(Record)),
    [Program] = [Output || Output <- Outputs, filename:basename(Output) =:= <<"linkspan_program">>],
    {linkspan, filename:dirname(Program), Record}.

-spec format_error(unicode:chardata()) -> unicode:chardata().
format_error(Why) -> Why.
