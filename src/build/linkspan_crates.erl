%% Which crates of an application are built, and where what they make is installed.
-module(linkspan_crates).

-export([manifests/1, find/3, build/3]).
-export_type([crate/0]).

%% A package of the workspace at `root`, by its id: others may have the same name. `install` is relative to `priv`.
-type crate() :: #{
    manifest := binary(), package := binary(), root := binary(), target := {Kind :: binary(), binary()}, install := binary()
}.

%% Manifests in the folder `native` of an application: its own, if it is a workspace, and those of the folders in it.
-spec manifests(file:filename_all()) -> [binary()].
manifests(Source) ->
    Native = native(Source),
    Found = lists:append([filelib:wildcard(Pattern, unicode:characters_to_list(Native)) || Pattern <- ["Cargo.toml", "*/Cargo.toml"]]),
    [filename:join(Native, unicode:characters_to_binary(Path)) || Path <- Found].

native(Source) -> unicode:characters_to_binary(filename:absname(filename:join(Source, "native"))).

%% Crates in `native`, at any depth if a workspace has them, that are services or say in their manifest where they are to
%% be installed.
-spec find(file:filename(), [binary()], file:filename_all()) ->
    {ok, [crate()]} | {error, [linkspan_diagnostic:diagnostic()]}.
find(Cargo, Manifests, Source) ->
    find(Manifests, native(Source), Cargo, []).

find([], _Native, _Cargo, Found) ->
    unique(lists:reverse(Found));
find([Manifest | Manifests], Native, Cargo, Found) ->
    case linkspan_cargo:metadata(Cargo, Manifest) of
        {ok, #{<<"packages">> := Packages, <<"workspace_root">> := Root}} ->
            Known = [filename:join(Root, "Cargo.toml") | [Path || #{<<"manifest_path">> := Path} <- Packages]],
            case crates(Packages, Native, Root) of
                {ok, Crates} -> find(Manifests -- Known, Native, Cargo, lists:reverse(Crates) ++ Found);
                {error, Errors} -> {error, Errors}
            end;
        {error, Errors} ->
            {error, Errors}
    end.

%% The workspace may have other members: elsewhere, and for other purposes.
crates(Packages, Native, Root) ->
    Ours = [Package || #{<<"manifest_path">> := Manifest} = Package <- Packages, is_below(Manifest, Native)],
    Crates = lists:append([crate(Package, Root) || Package <- Ours]),
    case [Error || {error, Error} <- Crates] of
        [] -> {ok, Crates};
        Errors -> {error, Errors}
    end.

is_below(Path, Dir) -> string:prefix(Path, [Dir, $/]) =/= nomatch.

crate(#{<<"manifest_path">> := Manifest, <<"version">> := Version} = Package, Root) ->
    case {target(Package), wanted(Package)} of
        {{_, Name} = Target, true} -> [crate(Package, Root, Target, library(Name))];
        {{_, _} = Target, <<_, _/binary>> = Path} -> [crate(Package, Root, Target, path(Path, Version))];
        {_, false} -> [];
        {none, <<_, _/binary>>} -> [misplaced(Manifest, "the package makes neither a cdylib nor an executable")];
        {_, _} -> [misplaced(Manifest, "it is to be false or a path below priv")]
    end.

crate(#{<<"manifest_path">> := Manifest, <<"id">> := Id}, Root, Target, Install) ->
    case filelib:safe_relative_path(Install, <<>>) of
        unsafe -> misplaced(Manifest, "it is to be false or a path below priv");
        _ -> #{manifest => Manifest, package => Id, root => Root, target => Target, install => Install}
    end.

misplaced(Manifest, Why) -> {error, linkspan_diagnostic:error(Manifest, ["package.metadata.linkspan.install: ", Why])}.

%% What a package makes: one of its executables only if it makes no library for us.
target(#{<<"targets">> := Targets}) ->
    Made = [{Kind, Name} || Kind <- [<<"cdylib">>, <<"bin">>], #{<<"kind">> := Kinds, <<"name">> := Name} <- Targets,
                            lists:member(Kind, Kinds)],
    case Made of
        [First | _] -> First;
        [] -> none
    end.

%% A path if the manifest says one; else whether it is a service library.
wanted(#{<<"metadata">> := #{<<"linkspan">> := #{<<"install">> := Install}}}) ->
    Install;
wanted(#{<<"dependencies">> := Dependencies} = Package) ->
    case target(Package) of
        {<<"cdylib">>, _} -> [] =/= [1 || #{<<"name">> := <<"linkspan">>, <<"kind">> := null} <- Dependencies];
        _ -> false
    end.

%% As cargo names it.
library(Name) -> iolist_to_binary(["native/", string:replace(Name, "-", "_", all), ".so"]).

path(Path, Version) -> iolist_to_binary(string:replace(Path, "{version}", Version, all)).

unique(Crates) ->
    Installed = [{Install, Manifest} || #{install := Install, manifest := Manifest} <- Crates],
    case Installed -- lists:ukeysort(1, Installed) of
        [] ->
            {ok, Crates};
        [{Install, Manifest} | _] ->
            {Install, Other} = lists:keyfind(Install, 1, Installed -- [{Install, Manifest}]),
            {error, [linkspan_diagnostic:error(Manifest, ["priv/", Install, " is made by ", Other, " as well"])]}
    end.

%% Builds crates: the files they were built into by where they are installed, and the sources that cargo knows of.
-spec build(file:filename(), [crate()], linkspan_cargo:settings()) ->
    {ok, [{binary(), linkspan_install:built()}], [binary()], [linkspan_diagnostic:diagnostic()]}
    | {error | refused, [linkspan_diagnostic:diagnostic()]}.
build(Cargo, Crates, Settings) ->
    case build_roots(lists:usort([Root || #{root := Root} <- Crates]), Cargo, Crates, Settings, {[], []}) of
        {ok, Artefacts, Diagnostics} -> built(Crates, Artefacts, Diagnostics, {[], []});
        {error, Diagnostics} -> {error, Diagnostics}
    end.

build_roots([], _Cargo, _Crates, _Settings, {Artefacts, Diagnostics}) ->
    {ok, Artefacts, Diagnostics};
build_roots([Root | Roots], Cargo, Crates, Settings, {Artefacts, Diagnostics}) ->
    Packages = [Package || #{root := Its, package := Package} <- Crates, Its =:= Root],
    case linkspan_cargo:build(Cargo, Root, Packages, Settings) of
        {ok, Made, Said} -> build_roots(Roots, Cargo, Crates, Settings, {Made ++ Artefacts, Diagnostics ++ Said});
        {error, Said} -> {error, Diagnostics ++ Said}
    end.

built([], _Artefacts, Diagnostics, {Files, Sources}) ->
    {ok, lists:reverse(Files), lists:usort(Sources), Diagnostics};
built([#{install := Install, root := Root} = Crate | Crates], Artefacts, Diagnostics, {Files, Sources}) ->
    File = file(Crate, Artefacts),
    case {linkspan_install:read(File), linkspan_sources:of_artefact(File, Root)} of
        {{ok, Built}, {ok, Read}} -> built(Crates, Artefacts, Diagnostics, {[{Install, Built} | Files], Read ++ Sources});
        {{error, {_, Reason}}, _} -> {refused, [linkspan_diagnostic:error(File, file:format_error(Reason))]};
        {_, {error, {At, Reason}}} -> {refused, [linkspan_diagnostic:error(At, file:format_error(Reason))]}
    end.

%% Cargo tells of each target of each package, of libraries in several forms.
file(#{manifest := Manifest, target := {Kind, Name}}, Artefacts) ->
    [Files] = [Files || #{manifest := M, kinds := Kinds, name := N, files := Files} <- Artefacts,
                        M =:= Manifest, same(N, Name), lists:member(Kind, Kinds)],
    hd([File || File <- Files, lists:member(filename:extension(File), extensions(Kind))]).

same(One, Other) -> string:equal(string:replace(One, "-", "_", all), string:replace(Other, "-", "_", all)).

extensions(<<"cdylib">>) -> [<<".so">>, <<".dylib">>];
extensions(<<"bin">>) -> [<<>>].
