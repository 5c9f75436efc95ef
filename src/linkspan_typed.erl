%% Typed services: arguments and answers are terms, and a library tells which.
-module(linkspan_typed).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([describe/2, start_link/2, open/2, call/4, cast/3, encode/1, decode/1]).
-export_type([description/0, type/0, expected/0]).

%% How long a library may take to load while it is described.
-define(PATIENCE, 60000).

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

%% Asks a library what one of its services says of itself. Loads it into a program, so that it may do what it likes.
-spec describe(file:filename_all(), binary()) -> {ok, expected()} | {error, linkspan:reason() | not_typed}.
describe(Path, Service) ->
    Port = open_port({spawn_executable, linkspan_native:program()}, [{packet, 4}, nouse_stdio, binary, exit_status]),
    try
        Load = linkspan_frame:load(#{library => unicode:characters_to_binary(Path), service => Service}),
        case ask(Port, [<<?LOAD, 0:16>>, Load]) of
            {ok, <<Len:16, Hash:Len/binary, _/binary>>} -> described(Hash, ask(Port, <<?DESCRIBE, 0:16>>));
            {error, Reason} -> {error, Reason}
        end
    after
        catch port_close(Port)
    end.

ask(Port, Frame) ->
    true = port_command(Port, Frame),
    receive
        {Port, {data, <<?REPLY, 0:16, Status, Body/binary>>}} -> linkspan_reason:result(Status, Body);
        {Port, {exit_status, Status}} -> {error, {exit, Status}}
    after ?PATIENCE -> {error, timeout}
    end.

described(_Hash, {ok, <<>>}) -> {error, not_typed};
described(Hash, {ok, Term}) -> {ok, {Hash, description(Term)}};
described(_Hash, {error, Reason}) -> {error, Reason}.

%% The atoms of a description are those of the types above and of its maps.
description(Term) ->
    _ = [integer, float, boolean, string, binary, nothing, term, list, option, tuple, map, struct, enum],
    _ = [name, type, fields, number, doc, arguments, returns, form, cost, start, operations],
    binary_to_term(Term, [safe]).

%% As linkspan:start_link/1, of a service that is to be what a module was made for.
-spec start_link([linkspan_options:option()], expected()) ->
    {ok, pid()} | {error, {already_started, pid()} | {library_changed, [binary()]} | linkspan:reason()}.
start_link(Options, Expected) ->
    case linkspan:start_link(Options) of
        {ok, Server} -> checked(Server, Expected, fun() -> linkspan:stop(Server) end);
        {error, Reason} -> {error, Reason}
    end.

%% As linkspan:open/1.
-spec open([linkspan_options:option()], expected()) ->
    {ok, linkspan:instance()} | {error, {library_changed, [binary()]} | linkspan:reason()}.
open(Options, Expected) ->
    case linkspan:open(Options) of
        {ok, Instance} -> checked(Instance, Expected, fun() -> linkspan:close(Instance) end);
        {error, Reason} -> {error, Reason}
    end.

%% Another build of the library may do if its service says the same.
checked(Server, {Hash, Expected}, GiveUp) ->
    case linkspan:handle(Server) of
        #linkspan{hash = Hash} ->
            {ok, Server};
        #linkspan{host = Host} = Instance ->
            case Host:describe(Instance) of
                {ok, Term} when Term =/= <<>> -> compared(Server, differences(Expected, description(Term)), GiveUp);
                {ok, <<>>} -> compared(Server, [<<"the service is not typed any more">>], GiveUp);
                {error, Reason} -> {error, Reason}
            end;
        {error, Reason} ->
            {error, Reason}
    end.

compared(Server, [], _GiveUp) ->
    {ok, Server};
compared(_Server, Differences, GiveUp) ->
    ok = GiveUp(),
    {error, {library_changed, Differences}}.

%% What a caller would notice, in words.
differences(Expected, Found) ->
    Start = [<<"start takes other arguments">> || shape(start, Expected) =/= shape(start, Found)],
    {Before, Now} = {by_number(Expected), by_number(Found)},
    Start ++ lists:flatmap(fun({Number, Was}) -> difference(Was, maps:get(Number, Now, none)) end, maps:to_list(Before)).

shape(start, #{start := Arguments}) -> [Type || #{type := Type} <- Arguments].

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
-spec call(linkspan:server(), non_neg_integer(), tuple(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call(#linkspan{host = Host, full = Full} = Instance, Operation, Arguments, Timeout) ->
    case Host:call_term(Instance, Operation, Arguments, Timeout) of
        {error, busy} when Full =:= wait ->
            case linkspan:call(Instance, Operation, encode(Arguments), Timeout) of
                {ok, Reply} -> decode(Reply);
                {error, Reason} -> {error, Reason}
            end;
        Result ->
            Result
    end;
call(Server, Operation, Arguments, Timeout) ->
    case linkspan:handle(Server) of
        #linkspan{} = Instance -> call(Instance, Operation, Arguments, Timeout);
        {error, closed} -> {error, closed}
    end.

-spec cast(linkspan:server(), non_neg_integer(), tuple()) -> ok | {error, linkspan:reason()}.
cast(Server, Operation, Arguments) ->
    linkspan:cast(Server, Operation, encode(Arguments)).

-spec encode(term()) -> binary().
encode(Term) -> term_to_binary(Term).

%% An answer. Its atoms are those that the service has described, which the module made for it names.
-spec decode(binary()) -> {ok, term()} | {error, linkspan:reason()}.
decode(Reply) ->
    try
        {ok, binary_to_term(Reply, [safe])}
    catch
        error:badarg -> {error, {protocol, <<"the answer is no term, or has atoms that nobody described">>}}
    end.
