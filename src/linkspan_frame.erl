%% Bodies of frames and commands, as docs/frame.md draws them.
-module(linkspan_frame).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([load/1, start/1, describe/3, info/1, timeout/1]).

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

%% Completes an instance with the answer to a load: the library's hash, and the operations by name. Names are
%% binaries, and atoms where the atom exists already: a library makes no atoms.
-spec describe(#linkspan{}, Path :: binary(), Description :: binary()) -> #linkspan{}.
describe(Instance, Path, <<Len:16, Hash:Len/binary, Operations/binary>>) ->
    operations(Operations, Instance#linkspan{library = #{path => Path, hash => Hash}}).

operations(<<Number:32, Long, Len:16, Name:Len/binary, Rest/binary>>, #linkspan{operations = Known} = Instance) ->
    Named = Instance#linkspan{operations = with_atom(Name, Number, Known#{Name => Number})},
    operations(Rest, long(Long, Number, Named));
operations(<<>>, Instance) ->
    Instance.

long(0, _Number, Instance) -> Instance;
long(1, Number, #linkspan{long = Long} = Instance) -> Instance#linkspan{long = Long#{Number => []}}.

with_atom(Name, Number, Known) ->
    try
        Known#{binary_to_existing_atom(Name) => Number}
    catch
        error:badarg -> Known
    end.

%% The answer to an info.
-spec info(binary()) -> map().
info(<<Phase, Open:64, Bytes:64, Inline:64, Overruns:64, Deferred:64, Errors:64, Panics:64, Cancelled:64, Busy:64, Events:64>>) ->
    #{
        state => element(Phase + 1, {starting, open, closing, closed}),
        queue => #{requests => Open, bytes => Bytes},
        counts => #{
            inline => Inline,
            overruns => Overruns,
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
