%% Time-outs that hold for several steps together.
-module(linkspan_deadline).

-export([from/1, left/1]).
-export_type([deadline/0]).

-type deadline() :: integer() | infinity.

%% When a time-out that begins now is over.
-spec from(timeout()) -> deadline().
from(infinity) -> infinity;
from(Timeout) -> erlang:monotonic_time(millisecond) + Timeout.

%% The time-out that is left.
-spec left(deadline()) -> timeout().
left(infinity) -> infinity;
left(Deadline) -> max(0, Deadline - erlang:monotonic_time(millisecond)).
