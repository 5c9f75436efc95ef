%% A decorator of hosts: an instance that was opened with `telemetry: true` tells `telemetry` of each call and cast.
%% It stands before the real host, so that all other instances know nothing of it. docs/telemetry.md lists the events.
-module(linkspan_telemetry).
-behaviour(linkspan_host).

-include("linkspan.hrl").

-export([is_available/0, emit/3, decorate/1]).
-export([open/1, own/1, handle_info/2, call/4, call_term/4, cast/3, stream/4, await_room/3, info/1, describe/1, connect/2, close/1, release/1]).

%% Whether the application brings a module `telemetry` that takes events.
-spec is_available() -> boolean().
is_available() ->
    Telemetry = module(),
    case code:ensure_loaded(Telemetry) of
        {module, Telemetry} -> erlang:function_exported(Telemetry, execute, 3);
        {error, _} -> false
    end.

%% Hands an event over. Only where is_available/0 has been asked before.
-spec emit([atom()], map(), map()) -> ok.
emit(Event, Measurements, Metadata) ->
    Telemetry = module(),
    _ = Telemetry:execute(Event, Measurements, Metadata),
    ok.

%% Named here alone: a call that spells it out would make it a dependency in the eyes of dialyzer and xref.
module() -> telemetry.

%% Stands before an instance, once. Names and numbers of operations are found without the instance behind it.
-spec decorate(#linkspan{}) -> #linkspan{}.
decorate(#linkspan{host = ?MODULE} = Instance) -> Instance;
decorate(#linkspan{} = Behind) -> Behind#linkspan{host = ?MODULE, target = Behind}.

-spec open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
open(#{behind := Host} = Options) -> decorated(Host:open(Options)).

-spec own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
own(#{behind := Host} = Options) -> decorated(Host:own(Options)).

decorated({ok, Instance}) -> {ok, decorate(Instance)};
decorated({error, Reason}) -> {error, Reason}.

-spec handle_info(term(), #linkspan{}) -> ok | {event, binary()} | {stop, term()}.
handle_info(Message, #linkspan{target = #linkspan{host = Host} = Behind}) -> Host:handle_info(Message, Behind).

%% Waiting for room is part of a call: it is one, however often it has to be tried.
-spec call(#linkspan{}, non_neg_integer(), iodata(), timeout()) -> {ok, binary()} | {error, linkspan:reason()}.
call(#linkspan{target = #linkspan{host = Host} = Behind} = Instance, Operation, Body, Timeout) ->
    Try = fun(Left) -> Host:call(Behind, Operation, Body, Left) end,
    span(call, Instance, Operation, fun() -> patiently(Behind, Body, Timeout, Try) end).

-spec call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
call_term(Instance, Operation, Term, Timeout) ->
    case call(Instance, Operation, linkspan_typed:encode(Term), Timeout) of
        {ok, Reply} -> linkspan_typed:decode(Reply);
        {error, Reason} -> {error, Reason}
    end.

-spec cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
cast(#linkspan{target = #linkspan{host = Host} = Behind} = Instance, Operation, Body) ->
    Try = fun(_Left) -> Host:cast(Behind, Operation, Body) end,
    span(cast, Instance, Operation, fun() -> patiently(Behind, Body, ?DEFAULT_TIMEOUT, Try) end).

patiently(#linkspan{full = Full} = Behind, Body, Timeout, Try) ->
    case Try(Timeout) of
        {error, busy} when Full =:= wait -> linkspan:when_room(Behind, Body, Timeout, Try);
        Result -> Result
    end.

%% Of streams it tells nothing: they end when their readers do.
-spec stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
stream(#linkspan{target = #linkspan{host = Host} = Behind}, Operation, Body, Window) ->
    Host:stream(Behind, Operation, Body, Window).

-spec await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
await_room(#linkspan{target = #linkspan{host = Host} = Behind}, Wanted, Timeout) ->
    Host:await_room(Behind, Wanted, Timeout).

-spec info(#linkspan{}) -> {ok, binary(), map()} | {lanes, [#linkspan{}]} | {error, linkspan:reason()}.
info(#linkspan{target = #linkspan{host = Host} = Behind}) -> Host:info(Behind).

-spec describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
describe(#linkspan{target = #linkspan{host = Host} = Behind}) -> Host:describe(Behind).

-spec connect(#linkspan{}, pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{target = #linkspan{host = Host} = Behind}, Pid) -> Host:connect(Behind, Pid).

-spec close(#linkspan{}) -> ok.
close(#linkspan{target = #linkspan{host = Host} = Behind}) -> Host:close(Behind).

-spec release(#linkspan{}) -> ok.
release(#linkspan{target = #linkspan{host = Host} = Behind}) -> Host:release(Behind).

%% Events in the manner of telemetry:span/3.
span(Kind, #linkspan{service = Service, target = #linkspan{host = Host}} = Instance, Operation, Fun) ->
    Metadata = #{
        service => Service,
        host => linkspan_host:name(Host),
        operation => linkspan_frame:operation(Instance, Operation),
        instance => Instance
    },
    Start = erlang:monotonic_time(),
    ok = emit([linkspan, Kind, start], #{monotonic_time => Start, system_time => erlang:system_time()}, Metadata),
    try Fun() of
        Result ->
            ok = emit([linkspan, Kind, stop], since(Start), Metadata#{result => outcome(Result)}),
            Result
    catch
        Class:Reason:Stacktrace ->
            Raised = #{kind => Class, reason => Reason, stacktrace => Stacktrace},
            ok = emit([linkspan, Kind, exception], since(Start), maps:merge(Metadata, Raised)),
            erlang:raise(Class, Reason, Stacktrace)
    end.

since(Start) ->
    Stop = erlang:monotonic_time(),
    #{monotonic_time => Stop, duration => Stop - Start}.

%% The answer itself is nobody else's business.
outcome({ok, _Reply}) -> ok;
outcome(Other) -> Other.
