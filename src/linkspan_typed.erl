%% Typed services: arguments and answers are terms, and a library tells which.
-module(linkspan_typed).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([describe/2, vocabulary/0, check/2, call/4, encode/1, decode/1, decoded/1]).
%% For modules made from descriptions.
-export([source/3, names/1, without_docs/1, options/2, child_spec/2, nothing/1]).
-export_type([description/0, type/0, expected/0, source/0, option/0]).

%% How long a library may take to load while it is described.
-define(PATIENCE, 60000).
%% How terms in the external format begin, and how those do that are compressed.
-define(EXTERNAL, 131).
-define(COMPRESSED, 80).
%% Longest description, in bytes.
-define(LONGEST_DESCRIPTION, (16 bsl 20)).

-type type() ::
    integer
    | float
    | boolean
    | string
    | binary
    | nothing
    | term
    | {list, type()}
    | {option, type()}
    | {tuple, [type()]}
    | {map, type(), type()}
    | {struct, #{name := binary(), fields := [argument()]}}
    | {enum, [binary()]}.
-type argument() :: #{name := binary(), type := type()}.
-type operation() :: #{
    number := non_neg_integer(),
    name := binary(),
    doc := binary(),
    arguments := [argument()],
    returns := type(),
    form := binary(),
    cost := binary()
}.
-type description() :: #{doc := binary(), start := [argument()], operations := [operation()]}.
%% The hash of the library that a module was made for, and what its service said.
-type expected() :: {Hash :: binary(), description()}.
%% Where the service of a module is, and the names of its start arguments. `atoms` are those of all its types: they stand in
%% the module so that they exist, since no answer brings atoms into being.
-type source() :: #{library := {atom(), binary()}, service := binary(), start := [atom()], atoms := [atom()]}.
%% Options of a module's start_link/1: start arguments have names of their own.
-type option() :: linkspan_options:option() | {start, [{atom(), term()}]}.

%% Asks a library what one of its services says of itself. Loads it into a program, so that it may do what it likes; in a
%% process of its own, which the program's last words end with.
-spec describe(binary(), binary()) -> {ok, expected()} | {error, linkspan:reason() | not_typed}.
describe(Path, Service) ->
    {Caller, Reference} = {self(), make_ref()},
    {Process, Monitor} = spawn_monitor(fun() -> Caller ! {Reference, asked(Path, Service)} end),
    receive
        {Reference, Told} ->
            true = erlang:demonitor(Monitor, [flush]),
            Told;
        {'DOWN', Monitor, process, Process, Reason} ->
            {error, {open_port, Reason}}
    end.

asked(Path, Service) ->
    Confined = linkspan_confinement:settings(linkspan_confinement:none()),
    Settings = [{packet, 4}, nouse_stdio, binary, exit_status | Confined],
    Port = open_port({spawn_executable, linkspan_native:program()}, Settings),
    case ask(Port, [<<?LOAD, 0:16>>, linkspan_frame:load(Path, Service)]) of
        {ok, <<Len:16, Hash:Len/binary, _/binary>>} -> described(Hash, ask(Port, <<?DESCRIBE, 0:16>>));
        {error, Reason} -> {error, Reason}
    end.

ask(Port, Frame) ->
    _ =
        try
            port_command(Port, Frame)
        catch
            %% The program has ended: its status is on the way.
            error:badarg -> false
        end,
    receive
        {Port, {data, <<?REPLY, 0:16, Status, Body/binary>>}} -> linkspan_reason:result(Status, Body);
        {Port, {data, <<?ENDED, Status, Body/binary>>}} -> {error, linkspan_reason:reason(Status, Body)};
        {Port, {exit_status, Status}} -> {error, {exit, Status}}
    after ?PATIENCE -> {error, timeout}
    end.

described(_Hash, {ok, <<>>}) -> {error, not_typed};
described(_Hash, {error, Reason}) -> {error, Reason};
described(Hash, {ok, Term}) ->
    case description(Term) of
        {ok, Description} -> {ok, {Hash, Description}};
        {error, Reason} -> {error, Reason}
    end.

%% The atoms of a description are those of vocabulary/0.
description(Term) when byte_size(Term) > ?LONGEST_DESCRIPTION -> {error, {protocol, <<"the description is too long">>}};
description(Term) -> decode(Term).

%% The atoms of the types above and of their maps. Exported, since the compiler keeps no terms that nobody uses, and atoms
%% exist from when a module that has them is loaded.
-spec vocabulary() -> [atom()].
vocabulary() ->
    [integer, float, boolean, string, binary, nothing, term, list, option, tuple, map, struct, enum] ++
        [name, type, fields, number, doc, arguments, returns, form, cost, start, operations].

%% Whether the service of an instance is what a module was made for: another build of the library may do if it says the
%% same.
-spec check(#linkspan{} | {error, closed}, expected()) -> ok | {error, {library_changed, [binary()]} | linkspan:reason()}.
check(#linkspan{hash = Hash}, {Hash, _Expected}) ->
    ok;
check(#linkspan{host = Host} = Instance, {_Hash, Expected}) ->
    case Host:describe(Instance) of
        {ok, <<>>} -> {error, {library_changed, [<<"the service is not typed any more">>]}};
        {ok, Term} -> described_as(Expected, description(Term));
        {error, Reason} -> {error, Reason}
    end;
check({error, Reason}, _Expected) ->
    {error, Reason}.

described_as(Expected, {ok, Found}) -> compared(differences(Expected, Found));
described_as(_Expected, {error, Reason}) -> {error, Reason}.

compared([]) -> ok;
compared(Differences) -> {error, {library_changed, Differences}}.

%% What a caller would notice, in words.
differences(Expected, Found) ->
    Start = [<<"start takes other arguments">> || start(Expected) =/= start(Found)],
    {Before, Now} = {by_number(Expected), by_number(Found)},
    Start ++ lists:flatmap(fun({Number, Was}) -> difference(Was, maps:get(Number, Now, none)) end, maps:to_list(Before)).

start(#{start := Arguments}) -> [Type || #{type := Type} <- Arguments].

by_number(#{operations := Operations}) -> maps:from_list([{Number, One} || #{number := Number} = One <- Operations]).

difference(#{name := Name}, none) ->
    [<<"operation ", Name/binary, " is gone">>];
difference(Was, Is) ->
    #{name := Name} = Was,
    [
        <<"operation ", Name/binary, " has other ", What/binary>>
     || {Key, What} <- [{name, <<"names">>}, {arguments, <<"arguments">>}, {returns, <<"results">>}, {form, <<"forms">>}],
        map_get(Key, Was) =/= map_get(Key, Is)
    ].

%% Asks a typed operation. The arguments are a tuple.
-spec call(#linkspan{}, non_neg_integer(), tuple(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call(#linkspan{host = Host, full = Full} = Instance, Operation, Arguments, Timeout) ->
    case Host:call_term(Instance, Operation, Arguments, Timeout) of
        {error, busy} when Full =:= wait ->
            Retry = fun(Left) -> Host:call_term(Instance, Operation, Arguments, Left) end,
            linkspan:when_room(Instance, encode(Arguments), Timeout, Retry);
        Result ->
            Result
    end.

%% What a module keeps of where it comes from.
-spec source({atom(), binary()}, binary(), description()) -> source().
source(Library, Service, #{start := Arguments} = Description) ->
    #{
        library => Library,
        service => Service,
        start => [binary_to_atom(Name) || #{name := Name} <- Arguments],
        atoms => [binary_to_atom(Name) || Name <- names(Description)]
    }.

%% All names of a description that are atoms in the VM: of operations, start arguments, fields and variants.
-spec names(description()) -> [binary()].
names(#{start := Start, operations := Operations}) ->
    Own = [Name || #{name := Name} <- Start ++ Operations],
    Taken = [Type || #{arguments := Arguments} <- [#{arguments => Start} | Operations], #{type := Type} <- Arguments],
    lists:usort(Own ++ atoms({tuple, Taken ++ [Type || #{returns := Type} <- Operations]})).

atoms({enum, Names}) -> Names;
atoms({struct, #{fields := Fields}}) -> lists:append([[Name | atoms(Type)] || #{name := Name, type := Type} <- Fields]);
atoms({tuple, Types}) -> lists:flatmap(fun atoms/1, Types);
atoms({map, Key, Value}) -> atoms(Key) ++ atoms(Value);
atoms({_ListOrOption, Type}) -> atoms(Type);
atoms(Plain) when is_atom(Plain) -> [].

%% A description as it is compared.
-spec without_docs(description()) -> description().
without_docs(#{operations := Operations} = Description) ->
    Description#{doc := <<>>, operations := [Operation#{doc := <<>>} || Operation <- Operations]}.

%% The options of linkspan:start_link/1 for those of a module. Raises {bad_option, Name, What} as that does.
-spec options([option()], source()) -> [linkspan_options:option()].
options(Options, _Source) when not is_list(Options) ->
    erlang:error({bad_option, options, <<"is to be a list">>});
options(Options, #{library := Library, service := Service, start := Names}) ->
    {Starts, Others} = lists:partition(fun(Option) -> is_tuple(Option) andalso element(1, Option) =:= start end, Options),
    _ = [
        erlang:error({bad_option, Taken, <<"is the module's own">>})
     || Taken <- [service, library, argument], proplists:is_defined(Taken, Others)
    ],
    [{service, Service}, {library, Library}, {argument, encode(list_to_tuple(started(Names, Starts)))} | Others].

%% The start arguments in the service's order.
started(Names, []) -> started(Names, [{start, []}]);
started(Names, [{start, Pairs} | _]) when is_list(Pairs) ->
    try maps:from_list(Pairs) of
        Given ->
            _ = [bad_start("needs ~tp", Name) || Name <- Names, not is_map_key(Name, Given)],
            _ = [bad_start("has ~tp, which the service does not take", Name) || Name <- maps:keys(Given) -- Names],
            [map_get(Name, Given) || Name <- Names]
    catch
        error:badarg -> bad_start("is to be a list of pairs, not ~tp", Pairs)
    end;
started(_Names, [{start, Other} | _]) ->
    bad_start("is to be a list of pairs, not ~tp", Other).

-spec bad_start(io:format(), term()) -> no_return().
bad_start(Format, Value) ->
    erlang:error({bad_option, start, unicode:characters_to_binary(io_lib:format(Format, [Value]))}).

%% A child specification with the server's name, or the module, as its id.
-spec child_spec(module(), [option()]) -> supervisor:child_spec().
child_spec(Module, Options) ->
    #{id => proplists:get_value(name, Options, Module), start => {Module, start_link, [Options]}}.

%% The answer of an operation that returns nothing.
-spec nothing({ok, ok} | {error, linkspan:reason()}) -> ok | {error, linkspan:reason()}.
nothing({ok, ok}) -> ok;
nothing({error, Reason}) -> {error, Reason}.

-spec encode(term()) -> binary().
encode(Term) -> term_to_binary(Term).

%% An answer. Its atoms are those that the service has described, which the module made for it names. Nothing of ours is
%% ever compressed, and a few bytes that are could stand for gigabytes.
-spec decode(binary()) -> {ok, term()} | {error, linkspan:reason()}.
decode(<<?EXTERNAL, ?COMPRESSED, _/binary>>) ->
    {error, {protocol, <<"the answer is a compressed term">>}};
decode(Reply) ->
    try
        {ok, binary_to_term(Reply, [safe])}
    catch
        error:badarg -> {error, {protocol, <<"the answer is no term, or has atoms that nobody described">>}}
    end.

%% The same, of what a call has brought.
-spec decoded({ok, binary()} | {error, linkspan:reason()}) -> {ok, term()} | {error, linkspan:reason()}.
decoded({ok, Reply}) -> decode(Reply);
decoded({error, Reason}) -> {error, Reason}.
