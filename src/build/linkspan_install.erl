%% Puts built files where they are used from.
-module(linkspan_install).

-include_lib("kernel/include/file.hrl").

-export([read/1, files/3]).
-export_type([built/0]).

-type built() :: #{content := binary(), mode := non_neg_integer()}.
-type error() :: {error, {file:filename_all(), file:posix()}}.

%% A file that has been built, with its mode.
-spec read(file:filename_all()) -> {ok, built()} | error().
read(File) ->
    case {file:read_file(File), file:read_file_info(File)} of
        {{ok, Content}, {ok, #file_info{mode = Mode}}} -> {ok, #{content => Content, mode => Mode band 8#777}};
        {{error, Reason}, _} -> {error, {File, Reason}};
        {_, {error, Reason}} -> {error, {File, Reason}}
    end.

%% Writes files below `Priv`, but for those that are there already. One that is mapped is never overwritten: the new one
%% takes its name. What is installed becomes younger than the file `Than`, if there is such a file.
-spec files([{file:filename_all(), built()}], file:filename_all(), file:filename_all() | none) ->
    {installed | unchanged, [file:filename_all()]} | error().
files(Files, Priv, Than) ->
    Age = filelib:last_modified(Than),
    install([{filename:join(Priv, Path), Built} || {Path, Built} <- Files], Age, unchanged, []).

install([], _Age, Result, Installed) ->
    {Result, lists:reverse(Installed)};
install([{To, #{content := Content} = Built} | Files], Age, Result, Installed) ->
    case file:read_file(To) of
        {ok, Content} ->
            install(Files, Age, Result, [To | Installed]);
        _Other ->
            case replace(To, Built, Age) of
                ok -> install(Files, Age, installed, [To | Installed]);
                {error, Reason} -> {error, {To, Reason}}
            end
    end.

%% Two builds may install at the same time.
replace(To, #{content := Content, mode := Mode}, Age) ->
    New = iolist_to_binary([unicode:characters_to_binary(To), $., os:getpid(), ".new"]),
    try
        ok = filelib:ensure_dir(New),
        ok = file:write_file(New, Content),
        ok = file:change_mode(New, Mode),
        ok = grow_younger(New, Age),
        ok = file:rename(New, To)
    catch
        error:{badmatch, {error, Reason}} ->
            _ = file:delete(New),
            {error, Reason}
    end.

%% Times of files are in seconds, and a build can be quicker.
grow_younger(_New, 0) ->
    ok;
grow_younger(New, Age) ->
    case filelib:last_modified(New) > Age of
        true ->
            ok;
        false ->
            Seconds = calendar:datetime_to_gregorian_seconds(Age),
            file:change_time(New, calendar:gregorian_seconds_to_datetime(Seconds + 1))
    end.
