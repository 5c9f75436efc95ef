%% The functions of an Erlang module for a typed service: to start it, and for each operation.
-module(linkspan_functions).

-include("linkspan.hrl").

-export([all/1]).
-export_type([client_function/0]).

%% `doc` are paragraphs in Markdown, `arguments` variables with their types; the rest is source.
-type client_function() :: #{
    doc := [unicode:chardata()],
    name := binary(),
    arguments := [{string(), unicode:chardata()}],
    result := unicode:chardata(),
    body := unicode:chardata()
}.

-spec all(linkspan_typed:description()) -> [client_function()].
all(#{start := Arguments, operations := Operations}) ->
    [start_link(Arguments), open(), child_spec() | lists:flatmap(fun operation/1, Operations)].

start_link(Arguments) ->
    #{
        doc => [
            "Starts a process that owns an instance, linked to the caller. Options as `linkspan:start_link/1`, but for "
            "`service` and `library`.",
            start(Arguments),
            "`library_changed` tells what the library says otherwise than when this module was compiled."
        ],
        name => <<"start_link">>,
        arguments => [{"Options", "[option()]"}],
        result => "{ok, pid()} | {error, {already_started, pid()} | {library_changed, [binary()]} | linkspan:reason()}",
        body => "linkspan:start_link(linkspan_typed:options(Options, source()), expected())"
    }.

start([]) ->
    "";
start(Arguments) ->
    Names = lists:join(", ", [["`", Name, "`"] || #{name := Name} <- Arguments]),
    ["The option `start` is a list of pairs, for what the service begins with: ", Names, "."].

open() ->
    #{
        doc => ["Opens an instance that belongs to the calling process. Options and errors as `start_link/1`."],
        name => <<"open">>,
        arguments => [{"Options", "[option()]"}],
        result => "{ok, linkspan:instance()} | {error, {library_changed, [binary()]} | linkspan:reason()}",
        body => "linkspan:open(linkspan_typed:options(Options, source()), expected())"
    }.

child_spec() ->
    #{
        doc => ["A child specification. Its id is the name of the server, or this module."],
        name => <<"child_spec">>,
        arguments => [{"Options", "[option()]"}],
        result => "supervisor:child_spec()",
        body => "linkspan_typed:child_spec(?MODULE, Options)"
    }.

operation(#{form := <<"call">>, number := Number, arguments := Arguments, returns := Returns} = Operation) ->
    Typed = typed(Arguments),
    Body = fun(Timeout) ->
        answer(Returns, ["linkspan:call_term(Server, ", integer_to_list(Number), ", ", tuple(Typed), ", ", Timeout, ")"])
    end,
    timed(Operation, Typed, result(Returns), Body);
operation(#{form := <<"raw">>, number := Number} = Operation) ->
    Body = fun(Timeout) -> ["linkspan:call(Server, ", integer_to_list(Number), ", Body, ", Timeout, ")"] end,
    timed(Operation, [{"Body", "iodata()"}], "{ok, binary()}", Body);
operation(#{form := <<"cast">>, number := Number, arguments := Arguments} = Operation) ->
    Typed = typed(Arguments),
    Body = ["linkspan:cast_term(Server, ", integer_to_list(Number), ", ", tuple(Typed), ")"],
    [function(Operation, "Returns when it has been accepted.", Typed, "ok", Body)];
operation(#{form := <<"stream">>, number := Number, arguments := Arguments, returns := Part} = Operation) ->
    Typed = typed(Arguments),
    Body = fun(Options) ->
        ["linkspan:stream_term(Server, ", integer_to_list(Number), ", ", tuple(Typed), ", ", Options, ")"]
    end,
    Own = ["Each part, `", linkspan_type:text(Part, returned), "`, is fetched by `linkspan:next_term/2`."],
    Result = "{ok, linkspan:stream()}",
    Options = [{"Options", "[linkspan:stream_option()]"}],
    [
        function(Operation, Own, Typed, Result, Body("[]")),
        function(again(Operation, Typed), "With options as `linkspan:stream/4`.", Typed ++ Options, Result, Body("Options"))
    ].

%% With the default time-out, and with another one.
timed(Operation, Typed, Result, Body) ->
    Default = integer_to_list(?DEFAULT_TIMEOUT),
    Timeout = [{"Timeout", "timeout()"}],
    [
        function(Operation, ["Waits for ", Default, " milliseconds at most."], Typed, Result, Body(Default)),
        function(again(Operation, Typed), "Waits for `Timeout` milliseconds at most.", Typed ++ Timeout, Result, Body("Timeout"))
    ].

again(#{name := Name} = Operation, Typed) ->
    Operation#{doc := io_lib:format("As `~ts/~b`.", [linkspan_name:function(Name), 1 + length(Typed)])}.

function(#{name := Name, doc := Doc}, Own, Typed, Result, Body) ->
    #{
        doc => [Doc, Own],
        name => Name,
        arguments => [{"Server", "linkspan:server()"} | Typed],
        result => [Result, " | {error, linkspan:reason()}"],
        body => Body
    }.

typed(Arguments) ->
    Variables = linkspan_name:variables([Name || #{name := Name} <- Arguments], ["Server", "Timeout", "Options"]),
    lists:zip(Variables, [linkspan_type:text(Type, sent) || #{type := Type} <- Arguments]).

tuple(Typed) -> ["{", lists:join(", ", [Variable || {Variable, _Type} <- Typed]), "}"].

result(nothing) -> "ok";
result(Type) -> ["{ok, ", linkspan_type:text(Type, returned), "}"].

%% Nothing is `ok` already, as the atom that travels.
answer(nothing, Call) -> ["linkspan_typed:nothing(", Call, ")"];
answer(_Type, Call) -> Call.
