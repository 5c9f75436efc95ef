%% Which files a build has read: what rustc says that it has read, and what governs cargo.
-module(linkspan_sources).

-export([of_artefact/2, inputs/1]).

%% Files that tell cargo what to do, in the folder of a source or any above it.
-define(GOVERNING, ["Cargo.toml", "Cargo.lock", "build.rs", ".cargo/config.toml", ".cargo/config", "rust-toolchain.toml",
                    "rust-toolchain"]).

%% The sources of an artefact, from the file that cargo leaves beside it.
-spec of_artefact(file:filename_all(), file:filename_all()) -> {ok, [binary()]} | {error, {file:filename_all(), file:posix()}}.
of_artefact(Artefact, Root) ->
    File = unicode:characters_to_binary([filename:rootname(Artefact), ".d"]),
    case file:read_file(File) of
        {ok, Text} ->
            Names = [Name || Line <- binary:split(Text, <<"\n">>, [global]), Name <- prerequisites(Line)],
            {ok, lists:usort([filename:absname(Name, Root) || Name <- Names])};
        {error, Reason} ->
            {error, {File, Reason}}
    end.

%% As in a Makefile; a blank within a name is escaped.
prerequisites(Line) ->
    case binary:split(Line, <<": ">>) of
        [_Target, Files] ->
            Words = re:split(Files, "(?<!\\\\) +", [unicode]),
            [unicode:characters_to_binary(string:replace(Word, "\\ ", " ", all)) || Word <- Words, Word =/= <<>>];
        [_Other] ->
            []
    end.

%% Sources, and whatever governs them as things are now.
-spec inputs([file:filename_all()]) -> [file:filename_all()].
inputs(Sources) ->
    Folders = lists:usort([filename:dirname(Source) || Source <- Sources]),
    Governing = [filename:join(Folder, Name) || Folder <- with_parents(Folders, #{}), Name <- ?GOVERNING],
    lists:usort(Sources ++ lists:filter(fun filelib:is_regular/1, Governing)).

with_parents([], Seen) -> maps:keys(Seen);
with_parents([Folder | Folders], Seen) when is_map_key(Folder, Seen) -> with_parents(Folders, Seen);
with_parents([Folder | Folders], Seen) -> with_parents([filename:dirname(Folder) | Folders], Seen#{Folder => true}).
