%% A table of all instances of this node, for people.
-module(linkspan_table).

-include("linkspan.hrl").

-export([print/0]).

-define(HEAD, [
    "INSTANCE", "HOST", "SERVICE", "STATE", "QUEUE", "INLINE", "DEFERRED", "ERRORS", "OVERRUNS", "P50", "P99"
]).
%% Columns of text stand to the left, those of numbers, which follow, to the right.
-define(TEXTS, 4).

%% Prints it to the group leader.
-spec print() -> ok.
print() ->
    Told = lists:sort(fun(One, Other) -> order(One) =< order(Other) end, linkspan_instances:infos()),
    Total = total(length(Told), [Info || {_, #{} = Info} <- Told]),
    Lines = [?HEAD | [line(Row, Info) || {Row, Info} <- Told]] ++ [Total],
    Widths = lists:foldl(fun widen/2, [0 || _ <- ?HEAD], Lines),
    io:put_chars([[pad(Line, Widths, 1), $\n] || Line <- Lines]).

order({{Key, #linkspan{service = Service}, _Name}, _Info}) -> {Service, Key}.

line({Key, #linkspan{service = Service} = Instance, Name}, no_answer) ->
    Numbers = ["-" || _ <- lists:nthtail(?TEXTS, ?HEAD)],
    [known_as(Key, Name), host(Instance), service(Service), "no answer" | Numbers];
line({Key, _Instance, Name}, #{host := Host, service := Service, state := State, overall := Overall} = Info) ->
    #{count := Count, p50 := P50, p99 := P99} = Overall,
    [known_as(Key, Name), atom_to_list(Host), service(Service), atom_to_list(State)] ++
        [integer_to_list(Number) || Number <- numbers(Info)] ++
        [time(Count, P50), time(Count, P99)].

numbers(#{queue := #{requests := Requests}, counts := Counts}) ->
    #{inline := Inline, deferred := Deferred, errors := Errors, overruns := Overruns} = Counts,
    [Requests, Inline, Deferred, Errors, Overruns].

%% Quantiles of different instances cannot be added up.
total(Number, Infos) ->
    Add = fun(Info, Sums) -> lists:zipwith(fun erlang:'+'/2, numbers(Info), Sums) end,
    Sums = lists:foldl(Add, [0, 0, 0, 0, 0], Infos),
    [io_lib:format("total ~b", [Number]), "", "", ""] ++ [integer_to_list(Sum) || Sum <- Sums] ++ ["", ""].

%% The name of a server; without one, what the instance ends with.
known_as(Key, undefined) -> io_lib:format("~tp", [Key]);
known_as(Key, {lane, Name, Number}) -> io_lib:format("~ts/~b", [known_as(Key, Name), Number]);
known_as(_Key, {local, Name}) -> plain(atom_to_list(Name));
known_as(_Key, {global, Name}) -> io_lib:format("~0tp", [Name]);
known_as(_Key, {via, _Module, Name}) -> io_lib:format("~0tp", [Name]).

%% As Elixir writes it.
plain("Elixir." ++ Name) -> Name;
plain(Name) -> Name.

host(#linkspan{target = #linkspan{} = Behind}) -> host(Behind);
host(#linkspan{host = Host}) -> atom_to_list(linkspan_host:name(Host)).

service(<<>>) -> "-";
service(Service) -> Service.

time(0, _Nanos) -> "-";
time(_Count, Nanos) when Nanos < 1000 -> io_lib:format("~b ns", [Nanos]);
time(_Count, Nanos) when Nanos < 1000000 -> io_lib:format("~.1f us", [Nanos / 1000]);
time(_Count, Nanos) when Nanos < 1000000000 -> io_lib:format("~.1f ms", [Nanos / 1000000]);
time(_Count, Nanos) -> io_lib:format("~.1f s", [Nanos / 1000000000]).

widen(Line, Widths) ->
    lists:zipwith(fun(Text, Width) -> max(string:length(Text), Width) end, Line, Widths).

pad([Text], [Width], _Column) -> string:pad(Text, Width, leading);
pad([Text | Line], [Width | Widths], Column) when Column =< ?TEXTS ->
    [string:pad(Text, Width), "  " | pad(Line, Widths, Column + 1)];
pad([Text | Line], [Width | Widths], Column) ->
    [string:pad(Text, Width, leading), "  " | pad(Line, Widths, Column + 1)].
