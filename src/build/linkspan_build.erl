%% Builds the native code of an application: by cargo, or from artefacts that were built elsewhere. Mix and rebar3 come here.
-module(linkspan_build).

-export([run/1, clean/1]).
-export_type([options/0, result/0]).

%% How variables of the environment begin that cargo builds differently by.
-define(VARIABLES, [
    "CARGO_BUILD_RUST", "CARGO_BUILD_TARGET=", "CARGO_ENCODED_RUSTFLAGS", "CARGO_PROFILE_", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"
]).

-type options() :: #{
    app := atom(),
    %% The application's folder, which has `native`.
    source := file:filename_all(),
    %% The folder `priv` of the built application.
    priv := file:filename_all(),
    %% A file that keeps what was built from what.
    record := file:filename_all(),
    %% Where cargo builds, unless CARGO_TARGET_DIR says; default: where cargo does by itself.
    target => file:filename_all(),
    %% A profile of cargo; default: release.
    profile => unicode:chardata(),
    %% More arguments for `cargo build`.
    arguments => [unicode:chardata()],
    %% Asks cargo even if nothing has changed.
    force => boolean(),
    %% What is installed becomes younger than this file, by which Mix knows what to compile again.
    younger_than => file:filename_all(),
    %% Whether diagnostics are coloured.
    colour => boolean(),
    %% Takes what is to be shown; default: it is printed.
    print => fun((unicode:chardata()) -> term())
}.
-type result() :: {ok | noop | error, [linkspan_diagnostic:diagnostic()]}.

%% Sees to it that the libraries of the crates in `native` are in `priv/native`, and up to date.
%%
%% `ok` if anything was installed, `noop` if all was there, both with the warnings of the build that made it; errors have
%% been shown. With LINKSPAN_PRECOMPILED=DIR in the environment files are taken from there, if it has any of this
%% application. Cargo is not asked, and need not be there, as long as no source has changed.
-spec run(options()) -> result().
run(Given) ->
    Defaults = #{
        profile => <<"release">>,
        arguments => [],
        force => false,
        younger_than => none,
        colour => false,
        print => fun(Text) -> io:put_chars(Text) end
    },
    #{print := Print} = Options = maps:merge(Defaults, Given),
    case made(Options) of
        %% What cargo has to say has been shown while it ran.
        {refused, Errors} ->
            _ = [Print(linkspan_diagnostic:format(Error)) || Error <- Errors],
            {error, Errors};
        Result ->
            Result
    end.

%% Removes what was installed, but not what cargo keeps for itself.
-spec clean(options()) -> ok.
clean(#{record := Record}) -> linkspan_record:remove(Record).

made(#{app := App} = Options) ->
    case os:getenv("LINKSPAN_PRECOMPILED", "") of
        "" ->
            from_crates("", Options);
        Dir ->
            case linkspan_precompiled:files(Dir, App) of
                {ok, []} -> from_crates(["; ", Dir, " has nothing of it"], Options);
                {ok, Files} -> from_elsewhere(Files, Options);
                {error, Errors} -> {refused, Errors}
            end
    end.

%% The files are looked at only if others are expected than were installed.
from_elsewhere(Expected, #{record := Record} = Options) ->
    Settings = {precompiled, Expected},
    case linkspan_record:changes(linkspan_record:read(Record), Settings, []) of
        [] ->
            {noop, []};
        _Changes ->
            case linkspan_precompiled:read(Expected) of
                {ok, Files} -> install(Files, {Settings, []}, [], Options);
                {error, Errors} -> {refused, Errors}
            end
    end.

from_crates(Hint, #{source := Source, record := File, force := Force} = Options) ->
    Record = linkspan_record:read(File),
    Manifests = linkspan_crates:manifests(Source),
    Inputs = linkspan_sources:inputs(linkspan_record:sources(Record) ++ Manifests),
    case {Manifests, linkspan_record:changes(Record, settings(Options), Inputs)} of
        %% No crates any more are no libraries any more.
        {[], _} ->
            ok = clean(Options),
            {noop, []};
        {_, []} when not Force ->
            {noop, linkspan_record:diagnostics(Record)};
        {_, Changes} ->
            case linkspan_cargo:find() of
                {ok, Cargo} -> by_cargo(Cargo, Manifests, Options);
                error -> {refused, [no_cargo([lists:join(", ", lists:sublist(Changes, 3)), Hint], Options)]}
            end
    end.

settings(#{profile := Profile, arguments := Arguments}) ->
    Variables = [Pair || Pair <- os:getenv(), lists:any(fun(Name) -> lists:prefix(Name, Pair) end, ?VARIABLES)],
    {cargo, Profile, Arguments, lists:sort(Variables)}.

no_cargo(Why, #{source := Source, app := App}) ->
    linkspan_diagnostic:error(filename:join(Source, "native"), [
        "cargo is not in the PATH, and the native code of ", atom_to_list(App), " has to be built (", Why,
        "). Install Rust, or let LINKSPAN_PRECOMPILED name a folder with what was built elsewhere."
    ]).

by_cargo(Cargo, Manifests, #{source := Source} = Options) ->
    case linkspan_crates:find(Cargo, Manifests, Source) of
        {ok, Crates} ->
            case linkspan_crates:build(Cargo, Crates, Options) of
                {ok, Files, Sources, Diagnostics} ->
                    install(Files, {settings(Options), linkspan_sources:inputs(Sources ++ Manifests)}, Diagnostics, Options);
                Failed ->
                    Failed
            end;
        {error, Errors} ->
            {refused, Errors}
    end.

%% What earlier builds have installed and this one has not made is removed.
install(Files, Basis, Diagnostics, #{priv := Priv, record := File, younger_than := Than}) ->
    Before = linkspan_record:outputs(linkspan_record:read(File)),
    case linkspan_install:files(Files, Priv, Than) of
        {error, {At, Reason}} ->
            {refused, [linkspan_diagnostic:error(At, file:format_error(Reason))]};
        {Result, Installed} ->
            _ = [file:delete(Abandoned) || Abandoned <- Before -- Installed],
            case {linkspan_record:write(File, Basis, Installed, Diagnostics), Result} of
                {{error, Reason}, _} -> {refused, [linkspan_diagnostic:error(File, file:format_error(Reason))]};
                {ok, installed} -> {ok, Diagnostics};
                {ok, unchanged} -> {noop, Diagnostics}
            end
    end.
