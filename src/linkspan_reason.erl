%% Reasons: made from the statuses of docs/frame.md in one place, and put into words in one place.
-module(linkspan_reason).

-include("linkspan_frame.hrl").

-export([result/2, reason/2, from_exit/1, format/1]).

%% What a call returns for a status and its body.
-spec result(byte(), binary()) -> {ok, binary()} | {error, linkspan:reason()}.
result(?OK, Body) -> {ok, Body};
result(Status, Body) -> {error, reason(Status, Body)}.

%% The reason that a status other than ok stands for.
-spec reason(byte(), binary()) -> linkspan:reason().
reason(Status, Body) ->
    try
        known(Status, Body)
    catch
        %% What a program says comes from outside.
        error:_ -> {protocol, <<"a status that is unknown or does not fit what follows it">>}
    end.

known(2, <<Code:32, Message/binary>>) -> {service, Code, Message};
known(3, Message) -> {panic, Message};
known(4, <<Number:32>>) -> {unknown_operation, Number};
known(5, Why) -> {bad_request, Why};
known(?CANCELLED, <<>>) -> cancelled;
known(7, <<>>) -> busy;
known(8, <<>>) -> closed;
known(9, Why) -> {protocol, Why};
known(10, Fields) -> two(library_missing, fields(Fields));
known(11, Fields) -> two(not_a_library, fields(Fields));
known(12, Fields) -> wrong_abi(fields(Fields));
known(13, Fields) -> unknown_service(fields(Fields));
known(14, <<>>) -> timeout;
known(16, Why) -> {system_limit, Why}.

two(Name, [Path, Why]) -> {Name, Path, Why}.

unknown_service([Path, Service, Known]) -> {unknown_service, Path, Service, Known}.

wrong_abi([Path, Found, Expected]) ->
    {wrong_abi, Path, binary_to_integer(Found), binary_to_integer(Expected)}.

fields(<<Len:32, Field:Len/binary, Rest/binary>>) -> [Field | fields(Rest)];
fields(<<>>) -> [].

%% What the end of an instance's owner means to those who wait.
-spec from_exit(term()) -> linkspan:reason().
from_exit({signal, _} = Reason) -> Reason;
from_exit({exit, _} = Reason) -> Reason;
from_exit({protocol, _} = Reason) -> Reason;
from_exit(_Reason) -> closed.

%% A reason in words.
-spec format(linkspan:reason() | {library_changed, [binary()]} | not_typed) -> unicode:chardata().
format({service, Code, Message}) ->
    io_lib:format("the service refused with code ~b: ~ts", [Code, Message]);
format({panic, Message}) ->
    io_lib:format("the service panicked: ~ts", [Message]);
format({unknown_operation, Operation}) ->
    io_lib:format("the service has no operation ~tp", [Operation]);
format({bad_request, Why}) ->
    io_lib:format("the request could not be read: ~ts", [Why]);
format(timeout) ->
    "no answer in time";
format(cancelled) ->
    "cancelled";
format(busy) ->
    "the queue is full";
format(closed) ->
    "the instance is closed";
format({protocol, Why}) ->
    io_lib:format("broken frame: ~ts", [Why]);
format({exit, unknown}) ->
    "the program has ended; its pipe broke before its status was known";
format({exit, Status}) ->
    io_lib:format("the program exited with status ~b", [Status]);
format({signal, Number}) ->
    io_lib:format("the program was ended by signal ~b", [Number]);
format({library_missing, Path, Why}) ->
    io_lib:format("~ts: ~ts", [Path, Why]);
format({not_a_library, Path, Why}) ->
    io_lib:format("~ts is not a service library: ~ts", [Path, Why]);
format({wrong_abi, Path, Found, Expected}) ->
    io_lib:format("~ts was made for version ~b of the service ABI, this host has ~b", [Path, Found, Expected]);
format({unknown_service, Path, Service, Known}) ->
    io_lib:format("~ts has no service ~ts, only ~ts", [Path, Service, Known]);
format({program_missing, Path, Why}) ->
    io_lib:format("~ts: ~ts", [Path, Why]);
format({system_limit, Why}) ->
    io_lib:format("the system refuses: ~ts", [Why]);
format({not_independent, Service}) ->
    io_lib:format("~ts does not declare its requests independent: it can have no lanes", [Service]);
format({library_changed, Differences}) ->
    ["the library has changed since the module was compiled: ", lists:join(", ", Differences)];
format(not_typed) ->
    "the service is not typed: it has no description";
format(not_started) ->
    "the application linkspan is not started";
format({open_port, Reason}) ->
    io_lib:format("no port could be opened: ~tp", [Reason]).
