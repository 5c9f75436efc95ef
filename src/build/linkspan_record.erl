%% What was built from what: a file that tells whether anything is to be done, and what to remove.
%%
%% Sources are known by their content, so that a copy of a folder, or a fresh checkout with kept artefacts, needs no cargo.
-module(linkspan_record).

-include_lib("kernel/include/file.hrl").

-export([read/1, write/4, remove/1, changes/3, outputs/1, diagnostics/1, sources/1]).
-export_type([recorded/0]).

-define(VERSION, 1).

%% `settings` is whatever else the outputs depend on.
-opaque recorded() ::
    none
    | #{
        version := ?VERSION,
        settings := term(),
        inputs := #{file:filename_all() => binary()},
        outputs := [{file:filename_all(), stamp()}],
        diagnostics := [linkspan_diagnostic:diagnostic()]
    }.
-type stamp() :: {Size :: non_neg_integer(), Changed :: integer()} | missing.

-spec read(file:filename_all()) -> recorded().
read(File) ->
    case file:read_file(File) of
        {ok, Binary} -> decoded(Binary);
        {error, _} -> none
    end.

%% One that is broken, or of another version of ours, says nothing.
decoded(Binary) ->
    try binary_to_term(Binary) of
        #{version := ?VERSION} = Record -> Record;
        _Other -> none
    catch
        error:badarg -> none
    end.

-spec write(file:filename_all(), {term(), [file:filename_all()]}, [file:filename_all()], [linkspan_diagnostic:diagnostic()]) ->
    ok | {error, file:posix()}.
write(File, {Settings, Inputs}, Outputs, Diagnostics) ->
    Record = #{
        version => ?VERSION,
        settings => Settings,
        inputs => hashes(Inputs),
        outputs => [{Output, stamp(Output)} || Output <- Outputs],
        diagnostics => Diagnostics
    },
    case filelib:ensure_dir(File) of
        ok -> file:write_file(File, term_to_binary(Record));
        {error, Reason} -> {error, Reason}
    end.

%% Removes a record and the files that it tells of.
-spec remove(file:filename_all()) -> ok.
remove(File) ->
    _ = [file:delete(Output) || Output <- outputs(read(File))],
    _ = file:delete(File),
    ok.

%% Why the outputs are not what they should be, in words; [] if they are. `Inputs` are what there is to be read now.
-spec changes(recorded(), term(), [file:filename_all()]) -> [unicode:chardata()].
changes(none, _Settings, _Inputs) ->
    ["nothing has been built yet"];
changes(#{settings := Was}, Settings, _Inputs) when Was =/= Settings ->
    ["other settings were in force"];
changes(#{inputs := Before, outputs := Outputs}, _Settings, Inputs) ->
    Now = hashes(Inputs),
    Changed = [File || {File, Hash} <- maps:to_list(Now), maps:get(File, Before, new) =/= Hash],
    Gone = maps:keys(maps:without(maps:keys(Now), Before)),
    [[File, " has changed"] || File <- lists:sort(Changed)] ++
        [[File, " is gone"] || File <- lists:sort(Gone)] ++
        [[File, " is not what was built"] || {File, Stamp} <- Outputs, stamp(File) =/= Stamp].

-spec outputs(recorded()) -> [file:filename_all()].
outputs(none) -> [];
outputs(#{outputs := Outputs}) -> [File || {File, _} <- Outputs].

%% What there was to be read.
-spec sources(recorded()) -> [file:filename_all()].
sources(none) -> [];
sources(#{inputs := Inputs}) -> maps:keys(Inputs).

%% The warnings of that build.
-spec diagnostics(recorded()) -> [linkspan_diagnostic:diagnostic()].
diagnostics(none) -> [];
diagnostics(#{diagnostics := Diagnostics}) -> Diagnostics.

%% Files that are gone have no hash.
hashes(Files) ->
    maps:from_list([{File, erlang:md5(Content)} || File <- Files, {ok, Content} <- [file:read_file(File)]]).

stamp(File) ->
    case file:read_file_info(File, [{time, posix}]) of
        {ok, #file_info{size = Size, mtime = Changed}} -> {Size, Changed};
        {error, _} -> missing
    end.
