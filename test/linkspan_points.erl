%% Points at which a process may be told to stop: before each expression of the client's modules. They are compiled anew
%% with a call of pass/0 there, in a VM that has not loaded them yet and is used for nothing else.
-module(linkspan_points).

-export([install/0, pass/0, stop_at/2, stop_child_at/2, forget/1, go_on/1]).

%% Gives all modules of the client their points.
-spec install() -> ok.
install() ->
    %% For as long as the VM lives.
    ?MODULE = ets:new(?MODULE, [named_table, public, {read_concurrency, true}, {heir, whereis(init), none}]),
    ok = application:load(linkspan),
    {ok, Modules} = application:get_key(linkspan, modules),
    lists:foreach(fun install/1, [Module || Module <- Modules, not lists:prefix("Elixir.", atom_to_list(Module))]).

install(Module) ->
    {Module, Beam, File} = code:get_object_code(Module),
    {ok, {Module, [{abstract_code, {raw_abstract_v1, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
    {ok, Module, Code} = compile:forms(lists:map(fun form/1, Forms), []),
    {module, Module} = code:load_binary(Module, File, Code).

form({function, Anno, Name, Arity, Clauses}) -> {function, Anno, Name, Arity, within(Clauses)};
form(Other) -> Other.

within({clause, Anno, Patterns, Guards, Body}) ->
    {clause, Anno, Patterns, Guards, body(Body)};
within({'try', Anno, Body, Clauses, Catches, After}) ->
    {'try', Anno, body(Body), within(Clauses), within(Catches), body(After)};
within({'receive', Anno, Clauses, Timeout, After}) ->
    {'receive', Anno, within(Clauses), within(Timeout), body(After)};
within({block, Anno, Body}) ->
    {block, Anno, body(Body)};
within(Tuple) when is_tuple(Tuple) -> list_to_tuple(within(tuple_to_list(Tuple)));
within([First | Rest]) -> [within(First) | within(Rest)];
within(Other) -> Other.

body(Expressions) -> lists:append([[point(element(2, E)), within(E)] || E <- Expressions]).

point(Anno) -> {call, Anno, {remote, Anno, {atom, Anno, ?MODULE}, {atom, Anno, pass}}, []}.

%% Where a process is when it passes a point.
-spec pass() -> ok.
pass() ->
    case ets:lookup(?MODULE, self()) of
        [] -> inherit(get('$ancestors'));
        [{Self, Left, Gate}] when Left > 1 -> true = ets:insert(?MODULE, {Self, Left - 1, Gate}), ok;
        [{Self, 1, Gate}] -> wait_at(Self, Gate)
    end.

inherit([Parent | _]) when is_pid(Parent) ->
    case ets:take(?MODULE, {child, Parent}) of
        [] ->
            ok;
        [{_, N, Gate}] ->
            true = ets:insert(?MODULE, {self(), N, Gate}),
            pass()
    end;
inherit(_None) ->
    ok.

wait_at(Self, Gate) ->
    true = ets:delete(?MODULE, Self),
    _ = Gate ! {?MODULE, Self, stopped},
    receive
        {?MODULE, go_on} -> ok
    end.

%% Has a process stop at the Nth point that it passes; then the caller is sent {linkspan_points, Pid, stopped}.
-spec stop_at(pid(), pos_integer()) -> ok.
stop_at(Pid, N) ->
    true = ets:insert(?MODULE, {Pid, N, self()}),
    ok.

%% The same for the next process that this one starts by way of proc_lib.
-spec stop_child_at(pid(), pos_integer()) -> ok.
stop_child_at(Parent, N) ->
    true = ets:insert(?MODULE, {{child, Parent}, N, self()}),
    ok.

%% A process is not to stop any more, if it has not.
-spec forget(pid()) -> ok.
forget(Pid) ->
    true = ets:delete(?MODULE, Pid),
    true = ets:delete(?MODULE, {child, Pid}),
    ok.

-spec go_on(pid()) -> ok.
go_on(Pid) ->
    _ = Pid ! {?MODULE, go_on},
    ok.
