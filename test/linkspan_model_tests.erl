%% Random commands against instances in every host, each answer compared with what linkspan_model says. 10,000 of them, or
%% as many as fit into LINKSPAN_MINUTES.
-module(linkspan_model_tests).

-include_lib("eunit/include/eunit.hrl").

%% For proper_statem.
-export([initial_state/0, command/1, precondition/2, postcondition/3, next_state/3]).

-define(COMMANDS, 10000).
-define(SLOTS, [1, 2, 3, 4]).

model_test_() ->
    {timeout, 86400, {"instances do what the model says", fun commands_are_answered_as_the_model_says/0}}.

commands_are_answered_as_the_model_says() ->
    %% Not every Erlang/OTP comes with PropEr; Debian has it as erlang-proper.
    ?assertMatch({module, proper}, code:ensure_loaded(proper)),
    ok = linkspan:load(),
    %% Panics and kills are what this is about.
    #{level := Level} = logger:get_primary_config(),
    ok = logger:set_primary_config(level, none),
    try
        run(enough(os:getenv("LINKSPAN_MINUTES")), counters:new(1, []))
    after
        logger:set_primary_config(level, Level)
    end.

enough(false) ->
    fun(Commands) -> Commands >= ?COMMANDS end;
enough(Minutes) ->
    Deadline = erlang:monotonic_time(second) + 60 * list_to_integer(Minutes),
    fun(_Commands) -> erlang:monotonic_time(second) >= Deadline end.

run(Enough, Done) ->
    %% While all actors wait for what is pending, few of the commands that are tried make sense.
    Tries = {constraint_tries, 10000},
    Sizes = [{numtests, 10}, {max_size, 200}, {start_size, 200}],
    Outcome = proper:quickcheck(property(Done), [quiet, noshrink, Tries, {on_output, fun io:format/2} | Sizes]),
    ?assert(Outcome),
    case Enough(counters:get(Done, 1)) of
        true -> io:format(user, "~b commands~n", [counters:get(Done, 1)]);
        false -> run(Enough, Done)
    end.

%% An exception would end in a function that PropEr 1.2 calls and OTP no longer has.
property(Done) ->
    proper:forall(proper_statem:commands(?MODULE), fun(Commands) ->
        try holds(Commands, Done)
        catch
            Class:Reason:Stack -> io:format("~p ~p ~p~n", [Class, Reason, Stack]), false
        end
    end).

holds(Commands, Done) ->
    ok = linkspan_actors:start(linkspan_model:actors()),
    {History, _State, Result} = proper_statem:run_commands(?MODULE, Commands),
    counters:add(Done, 1, length(History)),
    Strays = linkspan_actors:stop(linkspan_model:actors()),
    Left = linkspan_actors:until(fun() -> linkspan:instances() =:= [] end),
    case {Result, Strays, Left} of
        {ok, [], ok} -> true;
        Wrong -> io:format("~0p~n~0p~n~P~n", [[C || {set, _, {call, _, act, [C]}} <- Commands], Wrong, explained(History, Commands), 100]), false
    end.

%% The last command that was carried out: with its answer, and the right one.
explained([], _Commands) ->
    nothing;
explained(History, Commands) ->
    {State, Answer} = lists:last(History),
    {set, _, {call, _, act, [Command]}} = lists:nth(length(History), [C || {set, _, _} = C <- Commands]),
    {Command, Answer, right_is, element(1, linkspan_model:step(Command, State)), State}.

%% proper_statem

initial_state() -> linkspan_model:new().

precondition(State, {call, _, act, [Command]}) -> linkspan_model:can(Command, State).

next_state(State, _Result, {call, _, act, [Command]}) -> element(2, linkspan_model:step(Command, State)).

postcondition(State, {call, _, act, [Command]}, Result) ->
    linkspan_model:right(element(1, linkspan_model:step(Command, State)), Result).

command(State) ->
    Slots = linkspan_model:slots(State),
    case [{Slot, To} || {Slot, {unsettled, To}} <- Slots] of
        [{Slot, To} | _] -> call(settle, [Slot, To]);
        [] -> any_command(State, Slots, linkspan_model:free(State))
    end.

%% If all actors wait, one may be finished, one dies, or a program is killed under them.
any_command(State, Slots, []) ->
    proper_types:frequency(common(State, Slots));
any_command(State, Slots, Free) ->
    A = proper_types:elements(Free),
    Closed = ?SLOTS -- [Slot || {Slot, Is} <- Slots, Is =/= ended],
    proper_types:frequency(
        [{12, call(open, [A, proper_types:elements(Closed), options()])} || Closed =/= []] ++
        about(A, Slots) ++ asked(State, Free) ++ common(State, Slots)
    ).

%% What one may do to instances. A few that have ended answer as well.
about(_A, []) ->
    [];
about(A, Slots) ->
    Any = proper_types:elements([Slot || {Slot, _} <- Slots]),
    Idle = [Slot || {Slot, idle} <- Slots],
    Blocked = [Slot || {Slot, blocked} <- Slots],
    [{5, call(call, [A, Any, operation(), body()])},
     {8, call(send, [A, Any, proper_types:elements([echo, echo_long, fail]), body(), key()])},
     {8, call(cast, [A, Any, proper_types:elements([echo, echo_long, emit, emit, fail, refuse]), body()])},
     {3, call(brief_call, [A, Any, body()])},
     {2, call(connect, [A, Any, proper_types:elements(linkspan_model:actors())])},
     {1, call(cast, [A, Any, panic, {0, 0}])},
     {1, call(close, [A, Any])}] ++
    [Command || Idle =/= [], Slot <- [proper_types:elements(Idle)], Command <- [
        {15, call(call, [A, Slot, operation(), body()])},
        {4, call(count, [A, Slot])},
        {6, call(block, [A, Slot, key()])},
        {1, call(call, [A, Slot, panic, {0, 0}])},
        {6, call(open_stream, [A, Slot, proper_types:elements([count_to, count_to, stream_fail]), proper_types:range(0, 40),
                               proper_types:elements([1, 2, 16, 100]), key()])}
    ]] ++
    [{6, call(begin_call, [A, proper_types:elements(Blocked), proper_types:elements([echo, echo_long, fail]), body(), key()])}
     || Blocked =/= []].

%% What one may do about what one has asked.
asked(State, Free) ->
    Requests = [Request || {A, _} = Request <- linkspan_model:requests(State), lists:member(A, Free)],
    Streams = [Stream || {A, _} = Stream <- linkspan_model:streams(State), lists:member(A, Free)],
    [{12, proper_types:bind(proper_types:elements(Requests), fun({A, Key}) ->
        call(fetch, [A, Key, proper_types:elements([wait, wait, look, give_up, cancel])])
    end, true)} || Requests =/= []] ++
    [Command || Streams =/= [], Command <- [
        {8, proper_types:bind(proper_types:elements(Streams), fun({A, Key}) -> call(take, [A, Key, proper_types:range(1, 20)]) end, true)},
        {2, proper_types:bind(proper_types:elements(Streams), fun({A, Key}) -> call(close_stream, [A, Key]) end, true)}
    ]].

common(State, Slots) ->
    Idle = [Slot || {Slot, idle} <- Slots],
    Open = [Slot || {Slot, Is} <- Slots, Is =:= idle orelse Is =:= blocked],
    [{1, call(kill, [proper_types:elements(linkspan_model:actors())])}] ++
    [{1, call(kill_program, [proper_types:elements(Open)])} || Open =/= []] ++
    [{3, proper_types:bind(proper_types:elements(Idle), fun(Slot) -> call(events, [Slot, linkspan_model:events(Slot, State)]) end, true)}
     || Idle =/= []] ++
    [{8, call(finish, [proper_types:elements(linkspan_model:waiting(State))])} || linkspan_model:waiting(State) =/= []].

call(Name, Arguments) -> {call, linkspan_actors, act, [list_to_tuple([Name | Arguments])]}.

operation() -> proper_types:elements([echo, echo, echo_long, fail, refuse, emit, unknown]).

body() -> proper_types:tuple([proper_types:range(0, 100000), proper_types:elements([0, 10, 64, 65, 2000, 40000])]).

key() -> proper_types:range(1, 1000000000).

options() ->
    bind_all([
        proper_types:elements([
            [{host, driver}], [{host, driver}], [{host, nif}], [{host, nif}], [{host, program}],
            [{host, nif}, {deferred, dirty_cpu}], [{host, nif}, {deferred, dirty_io}]
        ]),
        proper_types:elements([[], [], [{queue, [{limit, 4}, {full, error}]}], [{queue, [{limit, 3}]}]]),
        proper_types:elements([[], [{on_panic, keep}]]),
        proper_types:frequency([{20, []}, {1, [{argument, "fail"}]}, {1, [{argument, "panic"}]}])
    ]).

bind_all(Types) -> proper_types:bind(proper_types:fixed_list(Types), fun lists:append/1, true).
