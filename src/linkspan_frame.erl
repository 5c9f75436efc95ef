%% Bodies of frames and commands, as docs/frame.md draws them.
-module(linkspan_frame).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([load/1, load/2, start/1, describe/3, operations/1, operation/2, is_independent/1, info/2, timeout/1]).

%% Body of a load.
-spec load(linkspan_options:options()) -> binary().
load(#{library := Path, service := Service}) ->
    load(Path, Service).

-spec load(Path :: binary(), Service :: binary()) -> binary().
load(Path, Service) ->
    <<?VERSION, (byte_size(Path)):32, Path/binary, Service/binary>>.

%% Body of a start.
-spec start(linkspan_options:options()) -> iodata().
start(#{limit := Limit, bytes := Bytes, on_panic := OnPanic, argument := Argument}) ->
    Keep =
        case OnPanic of
            stop -> 0;
            keep -> 1
        end,
    [<<Limit:64, Bytes:64, Keep>>, Argument].

%% Completes an instance with the answer to a load: the library's hash and the operations.
-spec describe(#linkspan{}, Path :: binary(), Description :: binary()) -> #linkspan{}.
describe(#linkspan{service = Service} = Instance, Path, <<Len:16, Hash:Len/binary, Independent, List/binary>>) ->
    {Operations, Long} = operations(List, #{}, 0),
    %% Of all that was said: programs without a library have no hash.
    Key = key(Instance, [Hash, List, Service]),
    Names = maps:from_list([{Number, Name} || {Name, Number} <- maps:to_list(Operations), is_binary(Name)]),
    ok = keep(Key, {Operations, Names, Independent =:= 1}),
    Instance#linkspan{path = Path, hash = Hash, key = Key, long = Long}.

%% An atom is found in a third of the time that a tuple takes. There is one for each service of a library in this VM, where
%% it is never unloaded; a program may say of itself what it likes.
key(#linkspan{host = linkspan_program}, Description) ->
    {linkspan_service, erlang:md5(Description)};
key(_Instance, Description) ->
    <<Digest:56, _/binary>> = erlang:md5(Description),
    binary_to_atom(<<"linkspan_service_", (integer_to_binary(Digest, 36))/binary>>).

operations(<<Number:32, Long, Len:16, Name:Len/binary, Rest/binary>>, Known, Bits) ->
    operations(Rest, with_atom(Name, Number, Known#{Name => Number}), Bits bor hint(Number, Long));
operations(<<>>, Known, Bits) ->
    {Known, Bits}.

hint(Number, 1) when Number =< ?LAST_HINT -> 1 bsl Number;
hint(_Number, _Long) -> 0.

%% Libraries are never unloaded, and neither are their operations. What is there already is left alone: replacing a
%% persistent term makes every process collect its garbage.
keep(Key, Description) ->
    case persistent_term:get(Key, undefined) of
        undefined -> persistent_term:put(Key, Description);
        _ -> ok
    end.

%% The numbers of an instance's operations by name. Names are binaries, and atoms that existed when the library was
%% first seen: a library makes no atoms.
-spec operations(#linkspan{}) -> #{atom() | binary() => non_neg_integer()}.
operations(#linkspan{key = Key}) ->
    {Operations, _Names, _Independent} = description(Key),
    Operations.

%% Whether several instances may share the requests to one service.
-spec is_independent(#linkspan{}) -> boolean().
is_independent(#linkspan{key = Key}) ->
    {_Operations, _Names, Independent} = description(Key),
    Independent.

description(Key) ->
    persistent_term:get(Key, {#{}, #{}, false}).

with_atom(Name, Number, Known) ->
    try
        Known#{binary_to_existing_atom(Name) => Number}
    catch
        error:badarg -> Known
    end.

%% The name of an operation, or its number if the name is not known.
-spec operation(#linkspan{}, non_neg_integer()) -> binary() | non_neg_integer().
operation(#linkspan{key = Key}, Number) ->
    case description(Key) of
        {_, #{Number := Name}, _} -> Name;
        _ -> Number
    end.

%% The answer to an info.
-spec info(#linkspan{}, binary()) -> map().
info(
    Instance,
    <<Phase, Open:64, Bytes:64, Inline:64, Deferred:64, Errors:64, Panics:64, Cancelled:64, Busy:64, Events:64,
        Overruns:64, Limit:64, BytesLimit:64, All:32/binary, _Ran:16, Ran/binary>>
) ->
    #{
        state => element(Phase + 1, {starting, open, closing, closed}),
        queue => #{requests => Open, bytes => Bytes, limit => Limit, bytes_limit => BytesLimit},
        counts => #{
            inline => Inline,
            deferred => Deferred,
            errors => Errors,
            panics => Panics,
            cancelled => Cancelled,
            busy => Busy,
            events => Events,
            overruns => Overruns
        },
        overall => times(All),
        times => maps:from_list(
            [
                {operation(Instance, Number), #{inline => times(InlineTimes), deferred => times(DeferredTimes)}}
             || <<Number:32, InlineTimes:32/binary, DeferredTimes:32/binary>> <= Ran
            ]
        )
    }.

times(<<Count:64, P50:64, P99:64, Max:64>>) -> #{count => Count, p50 => P50, p99 => P99, max => Max}.

%% A time-out in the 32 bits of a frame; all ones stand for infinity.
-spec timeout(timeout()) -> 0..16#FFFFFFFF.
timeout(infinity) -> 16#FFFFFFFF;
timeout(Millis) when Millis < 16#FFFFFFFF -> Millis;
timeout(_Longer) -> 16#FFFFFFFE.
