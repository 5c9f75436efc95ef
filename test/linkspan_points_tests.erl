%% Whoever takes part in a request is killed at every point of it: while the caller, or the owner where it takes part, is
%% stopped before an expression of the client, the caller, the owner or their supervisor ends; and so while an instance is
%% opened. Nobody hangs, nothing is left, and the next request is answered. How many points there are is found by going on
%% until there is none. LINKSPAN_POINTS=all leaves nothing out in the program host, which takes minutes.
-module(linkspan_points_tests).

-include_lib("eunit/include/eunit.hrl").

%% Called in the VM with the points.
-export([try_all/2, try_opening/2, init/1]).

%% Only bounds a hang.
-define(BOUND, 30000).
-define(ASKS, [inline, deferred, long, cast, request, timed_out, stream, info]).
-define(HOSTS, [
    {driver, [{host, driver}]},
    {nif, [{host, nif}]},
    {program, [{host, program}]},
    {dirty_cpu, [{host, nif}, {deferred, dirty_cpu}]},
    {lanes, [{host, nif}, {lanes, 2}]}
]).

points_test_() ->
    {setup, fun start_vm/0, fun peer:stop/1, fun(Vm) ->
        [test(Vm, Host, Opening, try_opening, [Host, Opening]) || {Host, _} <- ?HOSTS, Opening <- [opened, refused]] ++
            [test(Vm, Host, Ask, try_all, [Host, Ask]) || {Host, _} <- ?HOSTS, Ask <- ?ASKS]
    end}.

test(Vm, Host, What, Function, Arguments) ->
    Try = fun() ->
        {Callers, Owners} = peer:call(Vm, ?MODULE, Function, Arguments, infinity),
        _ = is_whole(program) andalso io:format(user, "~b points of the caller, ~b of the owner ", [Callers, Owners])
    end,
    {timeout, 3600, {lists:flatten(io_lib:format("~s: ~s", [Host, What])), Try}}.

start_vm() ->
    {ok, Vm, _} = peer:start(#{connection => standard_io, args => ["-pa" | code:get_path()]}),
    ok = peer:call(Vm, linkspan_points, install, [], infinity),
    ok = peer:call(Vm, linkspan, load, []),
    ok = peer:call(Vm, logger, set_primary_config, [level, none]),
    Vm.

ask(inline, I) -> linkspan:call(I, echo, <<"x">>, ?BOUND);
ask(deferred, I) -> linkspan:call(I, echo_long, <<"x">>, infinity);
ask(long, I) -> linkspan:call(I, echo, binary:copy(<<"x">>, 100000), ?BOUND);
ask(cast, I) -> linkspan:cast(I, echo_long, <<"x">>);
ask(request, I) -> linkspan:receive_response(linkspan:send_request(I, echo, <<"x">>), ?BOUND);
ask(timed_out, I) -> linkspan:call(I, sleep, <<"60000000">>, 0);
ask(stream, I) -> streamed(linkspan:stream(I, count_to, <<"1000">>));
ask(info, I) -> informed(linkspan:info(I)).

informed(#{service := <<"echo">>}) -> {ok, info};
informed(Error) -> Error.

streamed({ok, Stream}) ->
    case linkspan:next(Stream, ?BOUND) of
        {ok, Part, Rest} ->
            ok = linkspan:close_stream(Rest),
            {ok, Part};
        Other ->
            Other
    end;
streamed(Error) ->
    Error.

answer(inline) -> {ok, <<"x">>};
answer(deferred) -> {ok, <<"x">>};
answer(long) -> {ok, binary:copy(<<"x">>, 100000)};
answer(cast) -> ok;
answer(request) -> {reply, {ok, <<"x">>}};
answer(timed_out) -> {error, timeout};
answer(stream) -> {ok, <<"1">>};
answer(info) -> {ok, info}.

%% What a caller may be told when the instance has ended meanwhile.
closed(request) -> {reply, {error, closed}};
closed(_Ask) -> {error, closed}.

%% Kills each at each point of a request. Returns how many points the caller has, and the owner.
-spec try_all(atom(), atom()) -> {pos_integer(), non_neg_integer()}.
try_all(Host, Ask) ->
    _ = process_flag(trap_exit, true),
    Options = [{service, echo} | proplists:get_value(Host, ?HOSTS)],
    before_and_after(fun() ->
        Callers = kill_callers(Options, Ask, caller, 1),
        %% A client without points would pass every test.
        true = Callers > 3,
        Owners = kill_callers(Options, Ask, owner, 1),
        _ = [
            kill_others(Options, Ask, Stopped, Killed, 1)
         || Stopped <- [caller, owner], Killed <- [owner, supervisor | runner(Host)], Ask =:= deferred orelse is_whole(Host)
        ],
        {Callers, Owners}
    end).

%% The process that brings an instance's work to dirty schedulers.
runner(dirty_cpu) -> [runner];
runner(_Host) -> [].

%% A program for each point takes its time.
is_whole(program) -> os:getenv("LINKSPAN_POINTS") =:= "all";
is_whole(_Host) -> true.

%% Kills who opens, and the owner that is made for it, at each point of it and of the end that follows.
-spec try_opening(atom(), opened | refused) -> {pos_integer(), non_neg_integer()}.
try_opening(Host, Opening) ->
    Options = opening(Opening) ++ proplists:get_value(Host, ?HOSTS),
    before_and_after(fun() ->
        Callers = kill_opener(Options, fun linkspan_points:stop_at/2, caller, 1),
        true = Callers > 3,
        Owners = kill_opener(Options, fun linkspan_points:stop_child_at/2, owner, 1),
        _ = [kill_opener(Options, fun linkspan_points:stop_child_at/2, caller, 1) || is_whole(Host)],
        {Callers, Owners}
    end).

opening(opened) -> [{service, echo}];
opening(refused) -> [{service, faulty}, {library, {linkspan, echo}}, {argument, <<"panic start">>}].

kill_opener(Options, StopAt, Killed, N) ->
    {Opener, Monitor} = spawn_monitor(fun() -> receive go -> exit({done, open_and_ask(Options)}) end end),
    ok = StopAt(Opener, N),
    _ = Opener ! go,
    receive
        {linkspan_points, Pid, stopped} ->
            exit(chosen(Killed, Opener, Pid), kill),
            ok = linkspan_points:go_on(Pid),
            _ = ended({Opener, Monitor}),
            kill_opener(Options, StopAt, Killed, N + 1);
        {'DOWN', Monitor, process, Opener, {done, Owner}} ->
            Ending = erlang:monitor(process, Owner),
            receive
                {linkspan_points, Owner, stopped} ->
                    exit(Owner, kill),
                    kill_opener(Options, StopAt, Killed, N + 1);
                {'DOWN', Ending, process, Owner, _Reason} ->
                    ok = linkspan_points:forget(Opener),
                    N - 1
            after ?BOUND -> error({hangs, N, process_info(Owner, current_stacktrace)})
            end
    after ?BOUND -> error({hangs, N, process_info(Opener, current_stacktrace)})
    end.

open_and_ask(Options) ->
    case linkspan:open(Options) of
        {ok, I} ->
            {ok, <<"x">>} = linkspan:call(I, echo, <<"x">>, ?BOUND),
            %% The owner of lanes is not told of.
            maps:get(owner, linkspan:info(I), self());
        {error, {panic, _}} ->
            self()
    end.

%% The instance stays, for all points.
kill_callers(Options, Ask, Stopped, N) ->
    Parts = #{owner := Owner, instance := I} = supervised(Options),
    Watched = watched_by(Owner),
    Points = kill_caller(Parts, Ask, Stopped, N),
    eventually(fun() -> is_idle(I) end),
    {ok, <<"well">>} = linkspan:call(I, echo_long, <<"well">>, ?BOUND),
    {ok, <<"0">>} = linkspan:call(I, streams, <<>>, ?BOUND),
    eventually(fun() -> watched_by(Owner) =:= Watched end),
    ok = stop(Parts),
    Points.

watched_by(Owner) ->
    {monitors, Monitors} = process_info(Owner, monitors),
    lists:sort([Pid || {process, Pid} <- Monitors]).

is_idle(I) ->
    #{queue := #{requests := Requests}} = linkspan:info(I),
    Requests =:= 0.

kill_caller(#{instance := I} = Parts, Ask, Stopped, N) ->
    case stopped(Parts, Ask, Stopped, N) of
        {at_point, Caller, Pid} ->
            [{ok, <<"other">>} = linkspan:call(I, echo_long, <<"other">>, ?BOUND) || Stopped =:= caller],
            exit(element(1, Caller), kill),
            true = lists:member(ended(Caller), [killed, {done, answer(Ask)}]),
            ok = linkspan_points:go_on(Pid),
            {ok, <<"next">>} = linkspan:call(I, echo, <<"next">>, ?BOUND),
            kill_caller(Parts, Ask, Stopped, N + 1);
        no_more ->
            N - 1
    end.

%% An instance for each point.
kill_others(Options, Ask, Stopped, Killed, N) ->
    Parts = #{owner := Owner, instance := I, os_pid := OsPid} = supervised(Options),
    case stopped(Parts, Ask, Stopped, N) of
        {at_point, Caller, Pid} ->
            exit(maps:get(Killed, Parts), kill),
            %% A caller is to go on with an instance that has gone; an owner that is stopped cannot end before it goes on.
            [eventually(fun() -> not is_process_alive(Owner) end) || Stopped =:= caller],
            ok = linkspan_points:go_on(Pid),
            eventually(fun() -> not is_process_alive(Owner) end),
            {done, Result} = ended(Caller),
            true = lists:member(Result, [answer(Ask), closed(Ask)]) orelse error({Ask, Stopped, Killed, N, Result}),
            %% Lanes end with their owner, each in its own process.
            eventually(fun() -> {error, closed} =:= linkspan:call(I, echo, <<"x">>, ?BOUND) end),
            eventually(fun() -> OsPid =:= none orelse not filelib:is_file("/proc/" ++ integer_to_list(OsPid)) end),
            ok = stop(Parts),
            kill_others(Options, Ask, Stopped, Killed, N + 1);
        no_more ->
            stop(Parts)
    end.

supervised(Options) ->
    Child = (linkspan:child_spec(Options))#{restart => temporary},
    {ok, Supervisor} = supervisor:start_link(?MODULE, Child),
    [{_, Owner, _, _}] = supervisor:which_children(Supervisor),
    I = linkspan:handle(Owner),
    OsPid = maps:get(os_pid, linkspan:info(I), none),
    {links, Links} = process_info(Owner, links),
    %% None, or the runner.
    Others = maps:from_list([{runner, Pid} || Pid <- Links, is_pid(Pid), Pid =/= Supervisor]),
    Others#{supervisor => Supervisor, owner => Owner, instance => I, os_pid => OsPid}.

-spec init(supervisor:child_spec()) -> {ok, {supervisor:sup_flags(), [supervisor:child_spec()]}}.
init(Child) -> {ok, {#{}, [Child]}}.

%% Also where it has been killed.
stop(#{supervisor := Supervisor}) ->
    exit(Supervisor, shutdown),
    receive
        {'EXIT', Supervisor, _} -> ok
    end.

%% Has a caller ask, and one of the two stop at the Nth point that it passes; or there are fewer.
stopped(#{owner := Owner, instance := I}, Ask, Stopped, N) ->
    Caller = {Pid, Monitor} = spawn_monitor(fun() -> receive go -> exit({done, ask(Ask, I)}) end end),
    Stops = chosen(Stopped, Pid, Owner),
    ok = linkspan_points:stop_at(Stops, N),
    _ = Pid ! go,
    receive
        {linkspan_points, Stops, stopped} ->
            {at_point, Caller, Stops};
        {'DOWN', Monitor, process, Pid, {done, Result}} = Down ->
            {true, _} = {Result =:= answer(Ask), Result},
            _ = self() ! Down,
            afterwards(Stopped, Caller, Stops)
    after ?BOUND -> error({hangs, Ask, Stopped, N})
    end.

chosen(caller, Caller, _Owner) -> Caller;
chosen(owner, _Caller, Owner) -> Owner.

%% The owner may have something left to do when the caller has its answer.
afterwards(caller, _Caller, _Stops) ->
    no_more;
afterwards(owner, Caller, Owner) ->
    {Asking, Monitor} = spawn_monitor(fun() -> sys:get_state(Owner, ?BOUND) end),
    receive
        {linkspan_points, Owner, stopped} ->
            {at_point, Caller, Owner};
        {'DOWN', Monitor, process, Asking, normal} ->
            ok = linkspan_points:forget(Owner),
            no_more
    end.

ended({Pid, Monitor}) ->
    receive
        {'DOWN', Monitor, process, Pid, Reason} -> Reason
    after ?BOUND -> error({hangs, process_info(Pid, [current_stacktrace, messages])})
    end.

%% What there is of each kind is the same in the end.
before_and_after(Test) ->
    Resources = fun() ->
        {monitors, Monitors} = process_info(whereis(linkspan_keeper), monitors),
        #{
            processes => length(processes()),
            ports => length(erlang:ports()),
            instances => ets:info(linkspan_instances, size),
            watched => length(Monitors)
        }
    end,
    Before = Resources(),
    Tested = Test(),
    eventually(fun() -> Resources() =:= Before end),
    Tested.

eventually(Test) -> eventually(Test, erlang:monotonic_time(millisecond) + ?BOUND).

eventually(Test, Deadline) ->
    case Test() of
        true ->
            ok;
        false ->
            true = erlang:monotonic_time(millisecond) < Deadline,
            receive
            after 1 -> eventually(Test, Deadline)
            end
    end.
