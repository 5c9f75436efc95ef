%% Runs cargo, and understands what it says: `cargo metadata`, and the messages of `cargo build` in JSON.
-module(linkspan_cargo).

-export([find/0, metadata/2, build/4]).
-export_type([settings/0, artefact/0]).

%% Those of linkspan_build, and more.
-type settings() :: #{
    profile := unicode:chardata(),
    arguments := [unicode:chardata()],
    target => file:filename_all(),
    colour := boolean(),
    print := fun((unicode:chardata()) -> term()),
    atom() => term()
}.
%% What has been built of a target of the package with this manifest.
-type artefact() :: #{manifest := binary(), name := binary(), kinds := [binary()], files := [binary()]}.

-spec find() -> {ok, file:filename()} | error.
find() ->
    case os:find_executable("cargo") of
        false -> error;
        Cargo -> {ok, Cargo}
    end.

%% What a manifest says, and the workspace that it belongs to: the JSON of `cargo metadata`, without dependencies.
-spec metadata(file:filename(), binary()) -> {ok, linkspan_json:value()} | {error, [linkspan_diagnostic:diagnostic()]}.
metadata(Cargo, Manifest) ->
    Arguments = ["metadata", "--no-deps", "--format-version=1", ["--manifest-path=", Manifest]],
    Listen = fun(Line, Lines) -> [Line | Lines] end,
    {Status, Lines} = run(Cargo, Arguments, filename:dirname(Manifest), Listen, []),
    case {Status, [Json || Line <- Lines, {ok, #{<<"packages">> := _} = Json} <- [linkspan_json:decode(Line)]]} of
        {0, [Json]} -> {ok, Json};
        _ -> {error, [failed(Manifest, Lines)]}
    end.

%% Builds packages of the workspace at `Root`, by their ids. Whatever cargo says is shown when it says it; what it says of a build that
%% fails has an error.
-spec build(file:filename(), file:filename_all(), [binary()], settings()) ->
    {ok, [artefact()], [linkspan_diagnostic:diagnostic()]} | {error, [linkspan_diagnostic:diagnostic()]}.
build(Cargo, Root, Packages, #{print := Print} = Settings) ->
    Listen = fun(Line, {Artefacts, Diagnostics, Words}) ->
        case message(linkspan_json:decode(Line), Root) of
            {artefact, Artefact} ->
                {[Artefact | Artefacts], Diagnostics, Words};
            {diagnostic, Diagnostic, Rendered} ->
                _ = Print(Rendered),
                {Artefacts, [Diagnostic | Diagnostics], Words};
            nothing ->
                {Artefacts, Diagnostics, Words};
            words ->
                _ = [Print([Line, $\n]) || Line =/= <<>>],
                {Artefacts, Diagnostics, [Line | Words]}
        end
    end,
    {Status, {Artefacts, Said, Words}} = run(Cargo, arguments(Packages, Settings), Root, Listen, {[], [], []}),
    Diagnostics = lists:reverse(Said),
    case {Status, linkspan_diagnostic:has_error(Diagnostics)} of
        {0, _} -> {ok, Artefacts, Diagnostics};
        {_, true} -> {error, Diagnostics};
        {_, false} -> {error, Diagnostics ++ [failed(filename:join(Root, "Cargo.toml"), Words)]}
    end.

arguments(Packages, #{profile := Profile, arguments := More, colour := Colour} = Settings) ->
    Format =
        case Colour of
            true -> ["--color=always", "--message-format=json-diagnostic-rendered-ansi"];
            false -> ["--color=never", "--message-format=json"]
        end,
    Target = [["--target-dir=", Dir] || #{target := Dir} <- [Settings], os:getenv("CARGO_TARGET_DIR") =:= false],
    ["build", ["--profile=", Profile]] ++ Format ++ Target ++ [["--package=", Package] || Package <- Packages] ++ More.

%% From the first error on.
failed(Manifest, Words) ->
    Said = [re:replace(Line, "\\e\\[[0-9;]*m", "", [global, unicode]) || Line <- lists:reverse(Words)],
    Reason =
        case lists:dropwhile(fun(Line) -> string:prefix(Line, "error") =:= nomatch end, Said) of
            [] -> "cargo has failed, and did not say why";
            Error -> lists:join($\n, Error)
        end,
    linkspan_diagnostic:error(Manifest, string:trim(Reason)).

message({ok, #{<<"reason">> := <<"compiler-artifact">>} = Json}, _Root) ->
    #{<<"manifest_path">> := Manifest, <<"target">> := Target, <<"filenames">> := Files} = Json,
    #{<<"name">> := Name, <<"kind">> := Kinds} = Target,
    {artefact, #{manifest => Manifest, name => Name, kinds => Kinds, files => Files}};
message({ok, #{<<"reason">> := <<"compiler-message">>, <<"message">> := Message} = Json}, Root) ->
    Package = filename:dirname(maps:get(<<"manifest_path">>, Json, <<".">>)),
    linkspan_diagnostic:from_rustc(Message, [Root, Package]);
message({ok, #{<<"reason">> := _}}, _Root) ->
    nothing;
message(_NotJson, _Root) ->
    words.

%% Gives each line that cargo prints, to either of its outputs, to `Listen`. Its own words and its messages come from one
%% thread, so that they never mix within a line.
run(Cargo, Arguments, Dir, Listen, State) ->
    Flat = [unicode:characters_to_binary(Argument) || Argument <- Arguments],
    Port = open_port({spawn_executable, Cargo}, [{args, Flat}, {cd, Dir}, binary, exit_status, stderr_to_stdout, hide]),
    lines(Port, Listen, <<>>, State).

lines(Port, Listen, Begun, State) ->
    receive
        {Port, {data, Data}} ->
            {Rest, After} = whole_lines(binary:split(<<Begun/binary, Data/binary>>, <<"\n">>, [global]), Listen, State),
            lines(Port, Listen, Rest, After);
        {Port, {exit_status, Status}} ->
            ok = ended(Port),
            {Status, Listen(Begun, State)}
    end.

whole_lines([Rest], _Listen, State) -> {Rest, State};
whole_lines([Line | Lines], Listen, State) -> whole_lines(Lines, Listen, Listen(Line, State)).

%% A process that traps exits is told of the port's as well.
ended(Port) ->
    case process_info(self(), trap_exit) of
        {trap_exit, true} -> receive {'EXIT', Port, _} -> ok end;
        {trap_exit, false} -> ok
    end.
