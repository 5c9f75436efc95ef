%% The driver in a VM, with real files.
-module(inotify_tests).

-include_lib("eunit/include/eunit.hrl").

-export([run/2]).

inotify_test_() ->
    {foreach, fun setup/0, fun cleanup/1, [
        fun(Context) -> {atom_to_list(Name), fun() -> apply(fun ?MODULE:run/2, [Name, Context]) end} end
     || Name <- [
            changes_are_told,
            a_process_is_told_of_its_own_watches,
            a_watch_can_be_ended,
            watches_end_with_their_process,
            the_descriptor_is_closed_with_the_port,
            what_cannot_be_watched_is_refused
        ]
    ]}.

setup() ->
    Unique = lists:concat(["inotify-", os:getpid(), "-", erlang:unique_integer([positive])]),
    Dir = filename:join(os:getenv("TMPDIR", "/tmp"), Unique),
    ok = file:make_dir(Dir),
    Dir.

cleanup(Dir) -> ok = file:del_dir_r(Dir).

run(changes_are_told, Dir) ->
    Port = inotify:open(),
    {ok, Watch} = inotify:watch(Port, Dir),
    write(Dir, "new", "text"),
    told(Port, Watch, <<"new">>, [created, written]),
    ok = file:rename(filename:join(Dir, "new"), filename:join(Dir, "old")),
    told(Port, Watch, <<"new">>, [deleted]),
    told(Port, Watch, <<"old">>, [created]),
    ok = file:delete(filename:join(Dir, "old")),
    told(Port, Watch, <<"old">>, [deleted]),
    inotify:close(Port);
run(a_process_is_told_of_its_own_watches, Dir) ->
    Port = inotify:open(),
    {ok, Watch} = inotify:watch(Port, Dir),
    Me = self(),
    Other = spawn_link(fun() ->
        {ok, Same} = inotify:watch(Port, Dir),
        Me ! {self(), Same},
        told(Port, Same, <<"file">>, [created, written]),
        Me ! {self(), told}
    end),
    ?assertEqual(Watch, from(Other)),
    write(Dir, "file", ""),
    told(Port, Watch, <<"file">>, [created, written]),
    ?assertEqual(told, from(Other)),
    inotify:close(Port);
run(a_watch_can_be_ended, Dir) ->
    Port = inotify:open(),
    {ok, Watch} = inotify:watch(Port, Dir),
    ok = inotify:unwatch(Port, Watch),
    ?assertEqual({error, enoent}, inotify:unwatch(Port, Watch)),
    ?assertEqual(0, inotify:watches(Port)),
    inotify:close(Port);
run(watches_end_with_their_process, Dir) ->
    Port = inotify:open(),
    {Watcher, Monitor} = spawn_monitor(fun() -> {ok, _} = inotify:watch(Port, Dir) end),
    receive
        {'DOWN', Monitor, process, Watcher, normal} -> ok
    end,
    unwatched(Port),
    inotify:close(Port);
run(the_descriptor_is_closed_with_the_port, _Dir) ->
    Before = descriptors(),
    Port = inotify:open(),
    ?assertEqual(Before + 1, descriptors()),
    inotify:close(Port),
    closed(Before);
run(what_cannot_be_watched_is_refused, Dir) ->
    Port = inotify:open(),
    ?assertEqual({error, enoent}, inotify:watch(Port, filename:join(Dir, "nowhere"))),
    ?assertEqual(0, inotify:watches(Port)),
    inotify:close(Port).

write(Dir, Name, Text) -> ok = file:write_file(filename:join(Dir, Name), Text).

%% In one message if they come together, or in several.
told(_Port, _Watch, _Name, []) ->
    ok;
told(Port, Watch, Name, Kinds) ->
    receive
        {inotify, Port, Watch, Name, Told} -> told(Port, Watch, Name, Kinds -- Told)
    after 10000 -> error({not_told, Name, Kinds})
    end.

from(Pid) ->
    receive
        {Pid, Value} -> Value
    after 10000 -> error(nothing_received)
    end.

%% The port learns of a process's end by a signal.
unwatched(Port) ->
    case inotify:watches(Port) of
        0 -> ok;
        1 -> unwatched(Port)
    end.

%% The VM lets go of a descriptor some time after the port has closed.
closed(Before) ->
    case descriptors() of
        Before -> ok;
        _ -> closed(Before)
    end.

descriptors() ->
    {ok, Files} = file:list_dir("/proc/self/fd"),
    Links = [file:read_link(filename:join("/proc/self/fd", File)) || File <- Files],
    length([Link || {ok, "anon_inode:inotify" = Link} <- Links]).

the_readme_runs_test() ->
    {ok, Page} = file:read_file("README.md"),
    {match, [Code]} = re:run(Page, "```erlang\n(.*?)```", [dotall, {capture, all_but_first, list}]),
    {ok, Tokens, _} = erl_scan:string(Code),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    ?assertMatch({value, {Name, [_ | _]}, _} when is_binary(Name), erl_eval:exprs(Expressions, [])),
    ok = file:delete("/tmp/watched").
