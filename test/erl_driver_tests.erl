%% The crate erl_driver in this VM: drivers of native/erl_driver/tests/drivers are built, loaded and tried. One long
%% file: they are built once for all.
-module(erl_driver_tests).

-include_lib("eunit/include/eunit.hrl").

-compile(export_all).
-compile(nowarn_export_all).

driver_test_() ->
    {setup, fun build/0, fun(Dir) -> file:del_dir_r(Dir) end, fun(Dir) ->
        [
            {timeout, 60, {atom_to_list(Name), fun() -> ?MODULE:Name(Dir) end}}
         || {Name, 1} <- ?MODULE:module_info(exports), length(string:split(atom_to_list(Name), "_", all)) > 2
        ]
    end}.

%% Cargo calls them libX.so, the VM wants X.so. A folder of its own, so that no other build replaces what is loaded.
build() ->
    Port = open_port({spawn, "cargo build --quiet --locked -p erl_driver_tests --examples"}, [exit_status]),
    0 = status(Port, user),
    Dir = filename:join(os:getenv("TMPDIR", "/tmp"), "erl_driver_tests-" ++ os:getpid()),
    ok = filelib:ensure_path(Dir),
    Target = os:getenv("CARGO_TARGET_DIR", "target"),
    [
        {ok, _} = file:copy(File, filename:join(Dir, lists:nthtail(3, filename:basename(File))))
     || File <- filelib:wildcard(filename:join([Target, "debug/examples", "lib*_drv.so"]))
    ],
    Dir.

%% The pieces of docs/erl_driver.md are of these two; they do the same.
the_guides_driver_does_the_same_in_both_languages(Dir) ->
    Other = filename:join(Dir, "c"),
    ok = filelib:ensure_path(Other),
    Headers = filename:join(code:root_dir(), "usr/include"),
    Source = "native/erl_driver/tests/drivers/thing.c",
    Compile = ["cc -Wall -Werror -shared -fPIC -I ", Headers, " -o ", filename:join(Other, "thing_drv.so"), " ", Source],
    0 = status(open_port({spawn, lists:flatten(Compile)}, [exit_status]), user),
    [thing_echoes(Folder) || Folder <- [Dir, Other]].

thing_echoes(Folder) ->
    with(Folder, "thing_drv", "thing_drv /dev/null", [binary], fun(Port) ->
        [?assertEqual(Body, port_control(Port, 1, Body)) || Body <- [<<>>, <<"hi">>, binary:copy(<<"x">>, 1000)]],
        ?assertError(badarg, port_control(Port, 2, <<"hi">>)),
        ?assertError(enoent, open("thing_drv /nowhere/file", [])),
        ok = close(Port)
    end).

%% What a program returns. What it says goes to a device.
status(Port, Device) ->
    receive
        {Port, {data, Text}} ->
            io:put_chars(Device, Text),
            status(Port, Device);
        {Port, {exit_status, Status}} ->
            Status
    end.

open(Command, Settings) -> open_port({spawn_driver, Command}, Settings).

close(Port) ->
    true = port_close(Port),
    ok.

control(Port, Operation, Body) -> iolist_to_binary(port_control(Port, Operation, Body)).

received() ->
    receive
        {'EXIT', Pid, normal} when is_pid(Pid) -> received();
        Message -> Message
    after 10000 -> error(nothing_received)
    end.

exited(Port) ->
    receive
        {'EXIT', Port, Reason} -> Reason
    after 10000 -> error(no_exit)
    end.

until(Variable, Value) ->
    case os:getenv(Variable) of
        Value ->
            ok;
        _ ->
            receive
            after 1 -> until(Variable, Value)
            end
    end.

%% Loads, opens, runs, and unloads, with whatever ports are left.
with(Dir, Driver, Command, Settings, Test) ->
    process_flag(trap_exit, true),
    ok = erl_ddll:load(Dir, Driver),
    try
        Test(open(Command, Settings))
    after
        case erl_ddll:try_unload(Driver, [{monitor, pending}, kill_ports]) of
            {ok, unloaded} -> ok;
            {ok, pending_driver, Monitor} -> {'DOWN', Monitor, driver, _, unloaded} = down(Monitor)
        end,
        flush()
    end.

flush() ->
    receive
        _ -> flush()
    after 0 -> ok
    end.

tour(Dir, Test) -> tour(Dir, [binary], Test).
tour(Dir, Settings, Test) -> with(Dir, "tour_drv", "tour_drv label", Settings, Test).

init_and_finish_are_called(Dir) ->
    tour(Dir, fun(_) -> ?assertEqual("loaded", os:getenv("TOUR_DRV")) end),
    until("TOUR_DRV", "finished").

start_refuses_in_each_way(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"label">>, control(Port, 11, "")),
        ?assertError(einval, open("tour_drv general", [])),
        ?assertError(badarg, open("tour_drv badarg", [])),
        ?assertError(enoent, open("tour_drv enoent", [])),
        % It asks for its end before it is open.
        ?assertError(eacces, open("tour_drv failing", [])),
        ?assertError(einval, open("tour_drv panicking", [])),
        ?assertEqual("start: in start", os:getenv("TOUR_DRV_PANIC"))
    end).

settings_of_a_port_are_known(Dir) ->
    tour(Dir, [binary], fun(Port) -> ?assertEqual(<<"true false">>, control(Port, 1, "")) end),
    tour(Dir, [{line, 10}], fun(Port) -> ?assertEqual(<<"false true">>, control(Port, 1, "")) end).

timers_are_set_read_and_cancelled(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"0 true 0">>, control(Port, 2, "")),
        ?assertEqual(<<"set">>, control(Port, 16, "")),
        ?assertEqual({timeout, Port}, received())
    end).

jobs_with_one_key_are_done_in_order(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"100 true">>, control(Port, 3, "")),
        ?assertEqual([{job, N} || N <- lists:seq(1, 100)], [received() || _ <- lists:seq(1, 100)])
    end).

jobs_of_a_closed_port_are_dropped(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"100 true">>, control(Port, 3, "")),
        close(Port)
    end).

a_panic_in_a_job_ends_the_port(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"Ok(())">>, control(Port, 17, "")),
        ?assertEqual(panic, exited(Port)),
        ?assertEqual("async: in a job", os:getenv("TOUR_DRV_PANIC"))
    end).

a_port_can_open_ports(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"created">>, control(Port, 4, "made")),
        {created, Created} = received(),
        ?assertEqual({name, "tour_created"}, erlang:port_info(Created, name)),
        ?assertEqual({connected, self()}, erlang:port_info(Created, connected)),
        ?assertEqual(<<"made">>, control(Created, 11, "")),
        close(Created),
        ?assertEqual("made", os:getenv("TOUR_DRV_STOPPED"))
    end).

a_port_that_is_opened_can_be_ended_at_once(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"created">>, control(Port, 4, "failing")),
        {created, Created} = received(),
        ?assertEqual(created_failing, exited(Created)),
        ?assertEqual("failing", os:getenv("TOUR_DRV_STOPPED")),
        ?assertEqual(<<"label">>, control(Port, 11, ""))
    end).

monitors_tell_of_the_process(Dir) ->
    tour(Dir, fun(Port) ->
        Me = self(),
        Pid = spawn(fun() -> Me ! {self(), control(Port, 5, "")} end),
        ?assertEqual({Pid, <<"true true">>}, received()),
        ?assertEqual({dead, Pid}, received())
    end).

all_tags_are_sent(Dir) ->
    tour(Dir, fun(Port) ->
        Term = #{list => [1, "two", 3.0]},
        ?assertEqual(<<"Ok(()) Err(Refused)">>, control(Port, 6, term_to_binary(Term))),
        ?assertEqual(
            [
                tags,
                -1,
                1 bsl 64 - 1,
                -(1 bsl 63),
                1 bsl 64 - 1,
                1.5,
                Port,
                self(),
                <<"reference">>,
                <<"copied">>,
                "list",
                "cons",
                Term,
                #{key => 1}
            ],
            received()
        ),
        ?assertEqual(<<"Err(Refused) Err(Refused)">>, control(Port, 6, "no term"))
    end).

binaries_are_counted(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"1 3 1 bc [97, 98, 99, 100, 101, 0]">>, control(Port, 7, ""))
    end).

limits_of_the_message_queue_are_set_and_taken_away(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(
            <<"Some(BusyLimits { low: 4096, high: 8192 }) Some(BusyLimits { low: 100, high: 200 }) None">>,
            control(Port, 8, "")
        )
    end).

time_is_that_of_erlang(Dir) ->
    tour(Dir, fun(Port) ->
        Before = erlang:system_time(second) - 1,
        [Time, Converted, Nowhere] = string:lexemes(control(Port, 9, ""), " "),
        ?assert(Before =< binary_to_integer(Time)),
        ?assert(binary_to_integer(Time) =< erlang:system_time(second) + 1),
        ?assertEqual({<<"1">>, <<"true">>}, {Converted, Nowhere})
    end).

errnos_have_names_and_ports_a_pid(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertMatch(<<"enoent epipe ", _/binary>>, control(Port, 10, "")),
        ?assertEqual({os_pid, 4711}, erlang:port_info(Port, os_pid))
    end).

the_system_is_described(Dir) ->
    tour(Dir, fun(Port) ->
        Info = binary_to_list(control(Port, 15, "")),
        Version = "\"" ++ erlang:system_info(version) ++ "\"",
        ?assertNotEqual(nomatch, string:find(Info, Version)),
        Schedulers = io_lib:format("schedulers: ~b,", [erlang:system_info(schedulers)]),
        ?assertNotEqual(nomatch, string:find(Info, Schedulers))
    end).

vectors_are_copied_and_sent_by_reference(Dir) ->
    tour(Dir, fun(Port) ->
        Long = binary:copy(<<"long">>, 100),
        true = port_command(Port, ["a", Long, <<"b">>]),
        All = <<"a", Long/binary, "b">>,
        ?assertEqual(<<"copy ", All/binary>>, data(Port)),
        ?assertEqual(binary:part(All, 1, 401), data(Port)),
        ?assertEqual(<<"<", All/binary, ">">>, data(Port)),
        true = port_command(Port, "x"),
        ?assertEqual([<<"copy x">>, <<>>, <<"<x>">>], [data(Port), data(Port), data(Port)]),
        true = port_command(Port, ""),
        ?assertEqual([<<"copy ">>, <<>>, <<"<>">>], [data(Port), data(Port), data(Port)])
    end).

data(Port) ->
    {Port, {data, Data}} = received(),
    iolist_to_binary(Data).

the_state_outlives_its_own_end(Dir) ->
    [
        tour(Dir, fun(Port) ->
            ?assertEqual(<<"label ended true">>, control(Port, 12, How)),
            ?assertEqual({Port, {data, <<"label ended">>}}, received()),
            ?assertEqual(Reason, exited(Port)),
            ?assertEqual("label ended", os:getenv("TOUR_DRV_STOPPED"))
        end)
     || {How, Reason} <- [{"atom", on_purpose}, {"posix", enoent}, {"eof", normal}, {"code", 7}]
    ],
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"label ended true">>, control(Port, 12, "exit")),
        ?assertEqual({Port, {data, <<"label ended">>}}, received()),
        % The owner has been unlinked.
        ?assertEqual(undefined, erlang:port_info(Port)),
        receive
            Message -> error({unexpected, Message})
        after 0 -> ok
        end
    end).

an_end_of_file_may_leave_the_port_open(Dir) ->
    tour(Dir, [binary, eof], fun(Port) ->
        ?assertEqual(<<"label ended true">>, control(Port, 12, "eof")),
        ?assertEqual({Port, {data, <<"label ended">>}}, received()),
        ?assertEqual({Port, eof}, received()),
        ?assertEqual(<<"label ended">>, control(Port, 11, ""))
    end).

a_panic_ends_the_port_and_is_told(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertError(badarg, control(Port, 13, "really")),
        ?assertEqual(panic, exited(Port)),
        ?assertEqual("control: on purpose: really", os:getenv("TOUR_DRV_PANIC")),
        ?assertEqual("label", os:getenv("TOUR_DRV_STOPPED"))
    end).

controls_answer_lists_or_binaries(Dir) ->
    tour(Dir, fun(Port) ->
        Long = lists:duplicate(1000, $x),
        Part = lists:duplicate(100, $x),
        ?assertEqual(Long, port_control(Port, 14, "long")),
        ?assertEqual(Long, port_control(Port, 14, "whole")),
        ?assertEqual(Long, port_control(Port, 14, "memory")),
        ?assertEqual(Part, port_control(Port, 14, "part")),
        ?assertError(badarg, port_control(Port, 14, "none")),
        ?assertEqual([], port_control(Port, 14, "binaries")),
        ?assertEqual(list_to_binary(Long), port_control(Port, 14, "long")),
        ?assertEqual(list_to_binary(Long), port_control(Port, 14, "whole")),
        ?assertEqual(list_to_binary(Long), port_control(Port, 14, "memory")),
        ?assertEqual(list_to_binary(Part), port_control(Port, 14, "part")),
        ?assertEqual(Long, port_control(Port, 14, "to_lists")),
        ?assertEqual(list_to_binary(Long), port_control(Port, 14, "to_binaries")),
        ?assertEqual([], port_control(Port, 14, "lists")),
        ?assertEqual("label", port_control(Port, 11, "")),
        ?assertEqual([], port_control(Port, 14, "binaries")),
        ?assertEqual(list_to_binary(Long), port_control(Port, 14, "ending")),
        ?assertEqual(ending, exited(Port))
    end).

a_queue_gives_back_what_was_put_in(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"babc-bytes-binarybytes-bin 4 22 0 1">>, control(Port, 19, "")),
        ?assertError(badarg, control(Port, 20, "")),
        ?assertEqual(panic, exited(Port)),
        ?assertEqual("control: the callback holds the port's queue already", os:getenv("TOUR_DRV_PANIC"))
    end).

%% Ports, states, jobs, ends, panics and long answers leave nothing behind.
nothing_is_leaked(Dir) ->
    tour(Dir, fun(_) ->
        Round = fun() ->
            Port = open("tour_drv leaking", [binary]),
            _ = port_control(Port, 14, "long"),
            _ = port_control(Port, 14, "memory"),
            _ = port_control(Port, 14, "binaries"),
            _ = [port_control(Port, 14, How) || How <- ["long", "whole", "part", "memory"]],
            _ = erlang:port_call(Port, 2, lists:duplicate(1000, x)),
            _ = [control(Port, Number, "") || Number <- [3, 5, 7]],
            <<"created">> = control(Port, 4, "failing"),
            true = port_command(Port, [binary:copy(<<"long">>, 100), "short"]),
            ?assertError(_, control(Port, 13, "leaking")),
            panic = exited(Port),
            ?assertError(_, open("tour_drv panicking", [])),
            ?assertError(_, open("tour_drv failing", [])),
            flush()
        end,
        repeat(10, Round),
        Before = driver_memory(),
        ?assert(Before > 0),
        repeat(200, Round),
        % Jobs and messages that are still on their way.
        settled(Before)
    end).

repeat(0, _) ->
    ok;
repeat(Times, Round) ->
    Round(),
    repeat(Times - 1, Round).

%% A round allocates 10 kB and more: 200 rounds that leaked anything would be far off.
settled(Before) -> settled(Before, erlang:monotonic_time(second) + 10).

settled(Before, Deadline) ->
    erlang:garbage_collect(),
    case driver_memory() - Before of
        More when More < 4096 ->
            ok;
        More ->
            ?assertMatch({_, true}, {{leaked, More}, erlang:monotonic_time(second) < Deadline}),
            receive
            after 1 -> settled(Before, Deadline)
            end
    end.

%% Bytes in blocks of driver_alloc, and of binaries.
driver_memory() ->
    lists:sum([
        element(2, Size)
     || Allocator <- [driver_alloc, binary_alloc],
        {instance, _, Info} <- erlang:system_info({allocator_sizes, Allocator}),
        {_, Carriers} <- Info,
        {blocks, Blocks} <- Carriers,
        {_, Sizes} <- Blocks,
        Size <- Sizes,
        element(1, Size) =:= size
    ]).

calls_answer_terms(Dir) ->
    tour(Dir, fun(Port) ->
        Terms = [atom, lists:seq(1, 1000), {1, <<"two">>, 3.0}],
        [?assertEqual(Term, erlang:port_call(Port, Operation, Term)) || Operation <- [1, 2], Term <- Terms],
        ?assertError(badarg, erlang:port_call(Port, 3, x)),
        ?assertError(badarg, erlang:port_call(Port, 4, x))
    end).

events_are_watched_and_let_go(Dir) ->
    os:unsetenv("WATCH_DRV"),
    with(Dir, "watch_drv", "watch_drv", [binary], fun(Port) ->
        true = port_command(Port, "through a socket"),
        ?assertEqual({Port, {data, <<"through a socket">>}}, received()),
        ?assertEqual(<<"Ok(())">>, control(Port, 1, "")),
        ?assertEqual({Port, {data, <<"writable Ok(())">>}}, received()),
        ?assertEqual(<<"Err(NotSelected)">>, control(Port, 2, "")),
        Open = sockets(),
        close(Port),
        until("WATCH_DRV", "let go"),
        ?assertEqual(2, Open - sockets())
    end).

%% The VM calls nobody: the descriptor stays open for ever, and nothing else happens.
an_event_is_kept_without_stop_select(Dir) ->
    tour(Dir, fun(Port) ->
        ?assertEqual(<<"Ok(()) 2">>, control(Port, 18, "")),
        ?assertEqual(<<"label">>, control(Port, 11, ""))
    end).

%% File descriptors that are sockets.
sockets() ->
    {ok, Files} = file:list_dir("/proc/self/fd"),
    Links = [file:read_link(filename:join("/proc/self/fd", File)) || File <- Files],
    length([Link || {ok, "socket:" ++ _ = Link} <- Links]).

a_locked_queue_is_used_by_threads(Dir) ->
    with(Dir, "locked_drv", "locked_drv", [binary], fun(Port) ->
        ?assertEqual(<<"true">>, control(Port, 1, "12345")),
        ?assertEqual({queued, 5}, received()),
        true = port_command(Port, ["6", binary:copy(<<"7">>, 100)]),
        Queued = <<"123456", (binary:copy(<<"7">>, 100))/binary>>,
        ?assertEqual({Port, {data, Queued}}, received()),
        ?assertEqual({queue_size, 106}, erlang:port_info(Port, queue_size)),
        ?assertEqual(<<"1">>, control(Port, 2, "")),
        ?assertEqual(<<"Ok(()) Ok(107) Ok(0)">>, control(Port, 3, "0"))
    end).

%% `flush` starts a job that empties the queue; only then is the port gone.
a_queue_keeps_a_closing_port(Dir) ->
    with(Dir, "locked_drv", "locked_drv", [binary], fun(Port) ->
        ?assertEqual(<<"true">>, control(Port, 1, "12345")),
        ?assertEqual({queued, 5}, received()),
        Monitor = erlang:monitor(port, Port),
        close(Port),
        ?assertMatch({'DOWN', Monitor, port, Port, _}, down(Monitor))
    end).

down(Monitor) ->
    receive
        {'DOWN', Monitor, _, _, _} = Down -> Down
    after 10000 -> error(no_down)
    end.

a_lock_outlives_its_port(Dir) ->
    os:unsetenv("LOCKED_DRV"),
    with(Dir, "locked_drv", "locked_drv", [binary], fun(Port) ->
        ?assertEqual(<<>>, control(Port, 4, "")),
        ?assertEqual(outlived, exited(Port)),
        until("LOCKED_DRV", "outlived")
    end).

siblings_are_reached_under_the_driver_lock(Dir) ->
    with(Dir, "sibling_drv", "sibling_drv", [binary], fun(Port) ->
        Other = open("sibling_drv", [binary]),
        ?assertEqual(<<"ok">>, control(Port, 1, "busy")),
        ?assertNot(port_command(Other, "x", [nosuspend])),
        ?assert(port_command(Other, "forced", [force])),
        ?assertEqual({Other, {data, <<"forced">>}}, received()),
        ?assertEqual(<<"ok">>, control(Port, 1, "free")),
        ?assert(port_command(Other, "x", [nosuspend])),
        ?assertEqual({Other, {data, <<"x">>}}, received()),
        ?assertEqual(<<"false true">>, control(Port, 2, "")),
        ?assertEqual({Other, {data, <<"still there">>}}, received()),
        ?assertEqual(by_sibling, exited(Other)),
        ?assertEqual(<<"gone">>, control(Port, 1, "busy"))
    end).

%% A port that reaches itself is ended when its own callback has returned.
a_sibling_may_be_the_port_itself(Dir) ->
    with(Dir, "sibling_drv", "sibling_drv", [binary], fun(Port) ->
        ?assertEqual(<<"true true">>, control(Port, 2, "")),
        ?assertEqual({Port, {data, <<"still there">>}}, received()),
        ?assertEqual(by_sibling, exited(Port))
    end).

opening_waits_for_the_driver(Dir) ->
    with(Dir, "ack_drv", "ack_drv", [binary], fun(Port) ->
        ?assertEqual(<<"None">>, control(Port, 1, "")),
        ?assertError(badarg, open("ack_drv badarg", [])),
        ?assertError(enoent, open("ack_drv enoent", [])),
        ?assertError(badarg, open("ack_drv never", [])),
        AtOnce = open("ack_drv at once", []),
        ?assertEqual(<<"None">>, control(AtOnce, 1, "")),
        close(AtOnce)
    end).

a_driver_may_have_no_start(Dir) ->
    os:unsetenv("BARE_DRV"),
    with(Dir, "bare_drv", "bare_drv", [binary], fun(Port) ->
        Long = lists:duplicate(100, $x),
        ?assertEqual("echo", port_control(Port, 1, "echo")),
        ?assertEqual(Long, port_control(Port, 1, Long)),
        ?assertEqual([$a, $b, 0], port_control(Port, 2, "")),
        ?assertEqual("true", port_control(Port, 3, "")),
        ?assertEqual("true true true None", port_control(Port, 4, "")),
        ?assertError(badarg, port_control(Port, 9, "")),
        ?assertEqual(Long, erlang:port_call(Port, 1, Long)),
        true = port_command(Port, "x"),
        until("BARE_DRV", "written"),
        % There is no port to end.
        true = port_command(Port, "panic"),
        ?assertEqual("echo", port_control(Port, 1, "echo")),
        close(Port),
        ?assertEqual("stopped", os:getenv("BARE_DRV"))
    end).

what_has_no_safe_name_works(Dir) ->
    with(Dir, "sys_drv", "sys_drv", [binary], fun(Port) ->
        Expected = [
            {1, <<"a mutex 0 true">>},
            {2, <<"a condition">>},
            {3, <<"a lock 0 true 0">>},
            {4, <<"a thread 0 true true">>},
            {5, <<"true true true 0">>},
            {6, <<"2 1 1 0">>},
            {7, <<"true 1 1">>},
            {9, <<"1 0">>}
        ],
        Library = filename:join(Dir, "absent_drv"),
        [?assertEqual({Number, Answer}, {Number, control(Port, Number, Library)}) || {Number, Answer} <- Expected],
        ?assertEqual([deprecated, deprecated], [received(), received()]),
        <<"0 ", Now/binary>> = control(Port, 8, ""),
        ?assert(abs(binary_to_integer(Now) - erlang:system_time(second)) < 10)
    end).

%% Unsafe code that ends the port itself has `stop` called within a callback: the state stays until that returns.
a_port_ended_by_hand_keeps_its_state_to_the_end_of_the_callback(Dir) ->
    with(Dir, "sys_drv", "sys_drv", [binary], fun(Port) ->
        ?assertEqual(<<"0 still there after">>, control(Port, 10, "")),
        ?assertEqual(by_hand, exited(Port)),
        ?assertEqual("dropped afterwards", os:getenv("SYS_DRV"))
    end),
    with(Dir, "sys_drv", "sys_drv", [binary], fun close/1),
    ?assertEqual("dropped", os:getenv("SYS_DRV")).

a_crash_of_the_vm_is_told(Dir) ->
    crash(Dir, "watch_drv", "emergency_close").

a_panic_when_the_vm_crashes_is_caught(Dir) ->
    crash(Dir, "panics_drv", "panicked").

%% A VM with a port of the driver, which writes a file when it is told.
crash(Dir, Driver, File) ->
    Erl = filename:join([code:root_dir(), "bin", "erl"]),
    Load = io_lib:format("ok = erl_ddll:load(\".\", ~s), open_port({spawn_driver, ~s}, []), ", [Driver, Driver]),
    Code = lists:flatten(Load) ++ "erlang:halt(\"crash\").",
    Options = [exit_status, {cd, Dir}, {args, ["-noshell", "-eval", Code]}, {env, [{"ERL_CRASH_DUMP", "/dev/null"}]}],
    process_flag(trap_exit, true),
    Port = open_port({spawn_executable, Erl}, [stderr_to_stdout, hide | Options]),
    ?assertNotEqual(0, status(Port, standard_io)),
    ?assertEqual(normal, exited(Port)),
    ?assertEqual({ok, <<"called">>}, file:read_file(filename:join(Dir, File))).

%% What ends the port; the callback that is told of; and what leads to it.
panics_of_a_port() ->
    Command = fun(Port) -> true = port_command(Port, "x") end,
    Does = fun(Operation) -> fun(Port) -> [] = port_control(Port, Operation, "") end end,
    Refused = fun(Operation) -> fun(Port) -> ?assertError(badarg, port_control(Port, Operation, "")) end end,
    [
        {"control", "control", Refused(1)},
        {"room", "control", Refused(8)},
        {"written", "control", Refused(9)},
        {"call", "call", fun(Port) -> ?assertError(badarg, erlang:port_call(Port, 1, x)) end},
        {"outputv", "outputv", Command},
        {"output", "output", Command},
        {"ready_input", "ready_input", Does(2)},
        {"ready_output", "ready_output", Does(3)},
        {"timeout", "timeout", Does(4)},
        {"ready_async", "ready_async", Does(5)},
        {"result", "ready_async", Does(5)},
        {"process_exit", "process_exit", fun(Port) -> spawn(fun() -> port_control(Port, 6, "") end) end},
        {"flush", "flush", fun(Port) ->
            [] = port_control(Port, 7, "left in the queue"),
            true = port_close(Port)
        end}
    ].

a_panic_in_whatever_callback_ends_the_port_alone(Dir) ->
    lists:foreach(
        fun({Fault, Told, Lead}) ->
            with_panics(Dir, Fault, fun(Other) ->
                Port = open("panics_drv " ++ Fault, []),
                _ = Lead(Port),
                ?assertEqual({Fault, panic}, {Fault, ended(Port)}),
                until("PANICS_DRV_TOLD", Told),
                alone(Other)
            end)
        end,
        panics_of_a_port()
    ).

%% A port that has been closed is not linked to its owner any more.
ended(Port) ->
    case exited(Port) of
        normal -> panic;
        Reason -> Reason
    end.

a_panic_at_either_end_of_a_port_is_told(Dir) ->
    with_panics(Dir, "", fun(Other) ->
        ?assertError(einval, open("panics_drv start", [])),
        ?assertEqual("start", os:getenv("PANICS_DRV_TOLD")),
        alone(Other),
        lists:foreach(
            fun(Fault) ->
                ok = close(open("panics_drv " ++ Fault, [])),
                ?assertEqual({Fault, "stop"}, {Fault, os:getenv("PANICS_DRV_TOLD")}),
                alone(Other),
                os:putenv("PANICS_DRV_TOLD", "")
            end,
            ["stop", "drop"]
        )
    end).

panics_without_a_port_are_told(Dir) ->
    with_panics(Dir, "stop_select", fun(_Other) ->
        ok = close(open("panics_drv", [])),
        until("PANICS_DRV_TOLD", "stop_select")
    end),
    os:putenv("PANICS_DRV", "init"),
    ?assertEqual({error, driver_init_failed}, erl_ddll:load(Dir, "panics_drv")),
    ?assertEqual("init", os:getenv("PANICS_DRV_TOLD")),
    with_panics(Dir, "finish", fun alone/1),
    until("PANICS_DRV_TOLD", "finish").

a_panic_in_whatever_callback_of_a_bare_driver_is_told(Dir) ->
    os:putenv("BARE_DRV_PANIC", "init"),
    ?assertEqual({error, driver_init_failed}, erl_ddll:load(Dir, "bare_drv")),
    ?assertEqual("init", os:getenv("BARE_DRV_TOLD")),
    with_bare_panic(Dir, "control", fun(Port) -> ?assertError(badarg, port_control(Port, 1, "")) end),
    with_bare_panic(Dir, "call", fun(Port) -> ?assertError(badarg, erlang:port_call(Port, 1, x)) end),
    with_bare_panic(Dir, "stop", fun close/1),
    with_bare_panic(Dir, "finish", fun close/1),
    os:unsetenv("BARE_DRV_PANIC").

with_bare_panic(Dir, Fault, Test) ->
    os:putenv("BARE_DRV_PANIC", Fault),
    with(Dir, "bare_drv", "bare_drv", [], Test),
    until("BARE_DRV_TOLD", Fault).

who_is_told_of_panics_may_panic(Dir) ->
    with_panics(Dir, "hook", fun(_Other) ->
        Port = open("panics_drv control", []),
        ?assertError(badarg, port_control(Port, 1, "")),
        ?assertEqual(panic, exited(Port))
    end).

all_of_the_room_may_be_written_and_no_more(Dir) ->
    with_panics(Dir, "", fun(Port) -> ?assertEqual(lists:duplicate(64, $x), port_control(Port, 10, "")) end).

%% The driver is loaded anew, and can be used before and after; Other is a port without a fault.
with_panics(Dir, Chosen, Test) ->
    os:putenv("PANICS_DRV", Chosen),
    os:putenv("PANICS_DRV_TOLD", ""),
    with(Dir, "panics_drv", "panics_drv", [], fun(Other) ->
        _ = Test(Other),
        alone(Other)
    end).

%% States of other ports are dropped when the VM has ended them.
alone(Port) ->
    case port_control(Port, 1, "") of
        "1" ->
            ok;
        _ ->
            receive
            after 1 -> alone(Port)
            end
    end.

callbacks_are_chosen_when_a_driver_is_loaded(Dir) ->
    [
        begin
            os:putenv("CHOSEN_DRV", Setting),
            with(Dir, "chosen_drv", "chosen_drv", [binary], fun(Port) ->
                true = port_command(Port, "x"),
                ?assertEqual({Port, {data, list_to_binary(Setting)}}, received()),
                ?assertError(badarg, port_control(Port, 1, ""))
            end)
        end
     || Setting <- ["output", "outputv", "output"]
    ].

loading_fails_in_each_way(Dir) ->
    Refused = [
        {"CHOSEN_DRV", "panic", "chosen_drv", driver_init_failed},
        {"CHOSEN_DRV", "name", "chosen_drv", bad_driver_name},
        {"CHOSEN_DRV", "init", "chosen_drv", driver_init_failed},
        {"UNMARKED_DRV", "marker", "unmarked_drv", driver_incorrect_version},
        {"UNMARKED_DRV", "major", "unmarked_drv", driver_incorrect_version},
        {"UNMARKED_DRV", "minor", "unmarked_drv", driver_incorrect_version},
        {"UNMARKED_DRV", "none", "absent_drv", driver_init_failed}
    ],
    [
        begin
            os:putenv(Variable, Setting),
            ?assertEqual({Setting, {error, Reason}}, {Setting, erl_ddll:load(Dir, Driver)})
        end
     || {Variable, Setting, Driver, Reason} <- Refused
    ],
    os:putenv("UNMARKED_DRV", "older"),
    with(Dir, "unmarked_drv", "unmarked_drv", [], fun(Port) -> ?assert(is_port(Port)) end).
