%% Folders with artefacts that were built elsewhere: `APPLICATION/PATH`, with PATH as in that application's `priv`, and a
%% list of their checksums that `sha256sum -c` reads.
-module(linkspan_precompiled).

-export([files/2, read/1, make/2]).
-export_type([expected/0]).

-define(LIST, "SHA256SUMS").

-type expected() :: #{path := binary(), file := binary(), hash := binary(), list := binary()}.
-type errors() :: {error, [linkspan_diagnostic:diagnostic()]}.

%% What a folder has of an application, by its list.
-spec files(file:filename_all(), atom()) -> {ok, [expected()]} | errors().
files(Dir, App) ->
    case filename:pathtype(Dir) of
        absolute -> listed(unicode:characters_to_binary(Dir), atom_to_binary(App));
        _ -> {error, [linkspan_diagnostic:error(Dir, "LINKSPAN_PRECOMPILED is to be an absolute path")]}
    end.

listed(Dir, App) ->
    List = filename:join(Dir, ?LIST),
    case file:read_file(List) of
        {ok, Text} ->
            Lines = lists:enumerate(binary:split(Text, <<"\n">>, [global])),
            Entries = [entry(Number, Line) || {Number, Line} <- Lines, Line =/= <<>>],
            case [Number || {bad, Number} <- Entries] of
                [] -> {ok, [Entry#{file => filename:join([Dir, App, Path]), list => List}
                            || {Its, #{path := Path} = Entry} <- Entries, Its =:= App]};
                [Number | _] -> refuse(List, ["line ", integer_to_list(Number), " is no checksum with a path below this folder"])
            end;
        {error, Reason} ->
            refuse(List, file:format_error(Reason))
    end.

entry(Number, Line) ->
    case re:run(Line, "^([0-9a-fA-F]{64}) [ *]([^/]+)/(.+)$", [{capture, all_but_first, binary}]) of
        {match, [Hash, App, Path]} ->
            case filelib:safe_relative_path(Path, <<>>) of
                unsafe -> {bad, Number};
                _ -> {App, #{path => Path, hash => string:lowercase(Hash)}}
            end;
        nomatch ->
            {bad, Number}
    end.

%% Reads files, and compares all of them with their checksums before any is used.
-spec read([expected()]) -> {ok, [{binary(), linkspan_install:built()}]} | errors().
read(Expected) ->
    Read = [checked(linkspan_install:read(File), Entry) || #{file := File} = Entry <- Expected],
    case [Error || {error, Error} <- Read] of
        [] -> {ok, [File || {ok, File} <- Read]};
        Errors -> {error, Errors}
    end.

checked({ok, #{content := Content} = Built}, #{path := Path, file := File, hash := Hash, list := List}) ->
    case hash(Content) of
        Hash -> {ok, {Path, Built}};
        Other -> {error, linkspan_diagnostic:error(File, ["its SHA-256 is ", Other, ", but ", List, " expects ", Hash])}
    end;
checked({error, {_, Reason}}, #{file := File, list := List}) ->
    {error, linkspan_diagnostic:error(File, [List, " expects it: ", file:format_error(Reason)])}.

%% Makes a folder of what is installed in these applications, and returns the paths in it.
-spec make(file:filename_all(), [{atom(), Priv :: file:filename_all(), Record :: file:filename_all()}]) ->
    {ok, [binary()]} | errors().
make(Dir, Apps) ->
    Files = [
        {filename:join(atom_to_binary(App), relative(File, Priv)), linkspan_install:read(File)}
     || {App, Priv, Record} <- Apps, File <- linkspan_record:outputs(linkspan_record:read(Record))
    ],
    case [linkspan_diagnostic:error(File, file:format_error(Reason)) || {_, {error, {File, Reason}}} <- Files] of
        [] -> write(Dir, lists:sort([{Path, Built} || {Path, {ok, Built}} <- Files]));
        Errors -> {error, Errors}
    end.

relative(File, Priv) ->
    string:prefix(unicode:characters_to_binary(File), [unicode:characters_to_binary(Priv), $/]).

%% The list comes last: a folder that is not finished is refused.
write(Dir, Files) ->
    Sums = [[hash(Content), "  ", Path, $\n] || {Path, #{content := Content}} <- Files],
    List = {?LIST, #{content => iolist_to_binary(Sums), mode => 8#644}},
    case linkspan_install:files(Files ++ [List], Dir, none) of
        {error, {File, Reason}} -> refuse(File, file:format_error(Reason));
        {_, _Paths} -> {ok, [Path || {Path, _} <- Files]}
    end.

hash(Content) -> string:lowercase(binary:encode_hex(crypto:hash(sha256, Content))).

refuse(File, Why) -> {error, [linkspan_diagnostic:error(File, Why)]}.
