%% Watches files and folders. Processes get `{inotify, Port, Watch, Name, Kinds}`, Kinds being of created, written,
%% deleted and overflow; Name is <<>> for the watched file itself.
-module(inotify).

-export([open/0, close/1, watch/2, unwatch/2, watches/1]).

-define(DRIVER, "inotify_drv").
-define(WATCH, 1).
-define(UNWATCH, 2).
-define(WATCHES, 3).

-type watch() :: integer().

%% Opens a port, linked to the caller.
-spec open() -> port().
open() ->
    case erl_ddll:load(code:priv_dir(inotify), ?DRIVER) of
        ok -> ok;
        {error, permanent} -> ok
    end,
    open_port({spawn_driver, ?DRIVER}, []).

-spec close(port()) -> ok.
close(Port) ->
    true = port_close(Port),
    ok.

%% Watches a path for the caller, until it unwatches it or ends.
-spec watch(port(), file:filename_all()) -> {ok, watch()} | {error, file:posix()}.
watch(Port, Path) ->
    answer(port_control(Port, ?WATCH, filename:absname(Path))).

-spec unwatch(port(), watch()) -> ok | {error, file:posix()}.
unwatch(Port, Watch) ->
    case answer(port_control(Port, ?UNWATCH, <<Watch:32>>)) of
        {ok, Watch} -> ok;
        Error -> Error
    end.

%% How many files and folders are watched.
-spec watches(port()) -> non_neg_integer().
watches(Port) ->
    {ok, Number} = answer(port_control(Port, ?WATCHES, [])),
    Number.

answer(<<0, Number:32>>) -> {ok, Number};
%% There are only so many errnos.
answer(<<1, Reason/binary>>) -> {error, binary_to_atom(Reason)}.
