%% Bodies of frames and commands, as docs/frame.md draws them.
-module(linkspan_frame).

-include("linkspan_frame.hrl").

-export([load/1, start/1, description/1, info/1, timeout/1]).

%% Body of a load.
-spec load(linkspan_options:options()) -> binary().
load(#{library := Path, service := Service}) ->
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

%% The answer to a load: the library's hash, and the operations by name. Names are binaries, and atoms where the
%% atom exists already: a library makes no atoms.
-spec description(binary()) -> {binary(), #{atom() | binary() => non_neg_integer()}}.
description(<<Len:16, Hash:Len/binary, Operations/binary>>) ->
    {Hash, operations(Operations, #{})}.

operations(<<Number:32, Len:16, Name:Len/binary, Rest/binary>>, Known) ->
    operations(Rest, with_atom(Name, Number, Known#{Name => Number}));
operations(<<>>, Known) ->
    Known.

with_atom(Name, Number, Known) ->
    try
        Known#{binary_to_existing_atom(Name) => Number}
    catch
        error:badarg -> Known
    end.

%% The answer to an info.
-spec info(binary()) -> map().
info(<<Phase, Open:64, Bytes:64, Inline:64, Deferred:64, Errors:64, Panics:64, Cancelled:64, Busy:64, Events:64>>) ->
    #{
        state => element(Phase + 1, {starting, open, closing, closed}),
        queue => #{requests => Open, bytes => Bytes},
        counts => #{
            inline => Inline,
            deferred => Deferred,
            errors => Errors,
            panics => Panics,
            cancelled => Cancelled,
            busy => Busy,
            events => Events
        }
    }.

%% A time-out in the 32 bits of a frame; all ones stand for infinity.
-spec timeout(timeout()) -> 0..16#FFFFFFFF.
timeout(infinity) -> 16#FFFFFFFF;
timeout(Millis) -> min(Millis, 16#FFFFFFFE).
