%% The source of an Erlang module for a typed service: what `use Linkspan` is for Elixir. The rebar3 plugin has it compiled
%% with the application.
-module(linkspan_module).

-export([source/3]).

%% Functions that the compiler keeps for itself.
-define(RESERVED, [{<<"module_info">>, 1}, {<<"record_info">>, 2}]).

%% Characters that an atom can have.
-define(LONGEST_NAME, 255).

%% Makes the source from what a library has said of its service. An error tells in words what is in the way.
-spec source(module(), {atom(), Library :: binary(), Service :: binary()}, linkspan_typed:expected()) ->
    {ok, unicode:chardata()} | {error, unicode:chardata()}.
source(Module, From, {_Hash, Description} = Expected) ->
    case too_long(Description) of
        [] -> source(Module, From, Expected, linkspan_functions:all(Description));
        [Name | _] -> {error, ["the name ", Name, " has more characters than an atom can have"]}
    end.

source(Module, {Application, Library, Service}, {Hash, Description}, Functions) ->
    case clashes(Functions) of
        [] ->
            Source = linkspan_typed:source({Application, Library}, Service, Description),
            {ok, [
                head(Module, Source, Description),
                exports(Functions),
                option(Description),
                lists:map(fun function/1, Functions),
                literal("source", "linkspan_typed:source()", Source),
                literal("expected", "linkspan_typed:expected()", {Hash, linkspan_typed:without_docs(Description)})
            ]};
        [{Name, Arity} | _] ->
            {error, [
                io_lib:format("an operation would be the function ~ts/~b, which is there already; ", [Name, Arity]),
                "give the operation another name, by #[op(name = \"..\")]"
            ]}
    end.

too_long(Description) ->
    [Name || Name <- linkspan_typed:names(Description), string:length(Name) > ?LONGEST_NAME].

%% Operations are functions beside start_link/1 and its like.
clashes(Functions) ->
    Taken = ?RESERVED ++ lists:map(fun name_and_arity/1, Functions),
    Taken -- lists:usort(Taken).

name_and_arity(#{name := Name, arguments := Arguments}) -> {Name, length(Arguments)}.

head(Module, #{library := {Application, Library}}, #{doc := Doc}) ->
    [
        "%% Made by Linkspan from the library ", Library, io_lib:format(" of ~tp. Changes belong there: this is made anew.~n", [Application]),
        "%%\n",
        linkspan_edoc:comment([Doc, "Servers, options and reasons are those of the module `linkspan`."]),
        io_lib:format("-module(~tp).~n~n", [Module]),
        "%% An operation may have any name, and need not be called from here.\n"
        "-compile(no_auto_import).\n",
        io_lib:format("-ignore_xref(~tp).~n~n", [Module])
    ].

exports(Functions) ->
    Exported = [
        io_lib:format("~ts/~b", [linkspan_name:function(Name), Arity])
     || {Name, Arity} <- lists:map(fun name_and_arity/1, Functions)
    ],
    ["-export([\n    ", lists:join(",\n    ", Exported), "\n]).\n"].

option(#{start := Arguments}) ->
    Pairs = [
        ["{", linkspan_name:function(Name), ", ", linkspan_type:text(Type, sent), "}"]
     || #{name := Name, type := Type} <- Arguments
    ],
    ["-export_type([option/0]).\n\n-type option() :: linkspan_options:option() | {start, [", lists:join(" | ", Pairs), "]}.\n"].

function(#{doc := Doc, name := Name, arguments := Arguments, result := Result, body := Body}) ->
    Variables = [Variable || {Variable, _Type} <- Arguments],
    Annotated = [[Variable, " :: ", Type] || {Variable, Type} <- Arguments],
    [
        "\n", linkspan_edoc:comment(Doc),
        ["-spec ", linkspan_name:function(Name), "(", lists:join(", ", Annotated), ") ->\n    ", Result, ".\n"],
        [linkspan_name:function(Name), "(", lists:join(", ", Variables), ") ->\n    ", Body, ".\n"]
    ].

literal(Name, Type, Value) -> io_lib:format("~n-spec ~s() -> ~s.~n~s() ->~n    ~tp.~n", [Name, Type, Name, Value]).
