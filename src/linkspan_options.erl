%% The options of open/1 and start_link/1: one table with defaults and checks.
-module(linkspan_options).

-include("linkspan_frame.hrl").

-export([read/1, read_unnamed/1, by_name/1, known/2, text/3, bad/2]).
-export_type([option/0, options/0, host/0, deferred/0]).

-type host() :: driver | nif | program.
%% What runs requests that do not run inline; other than workers in the nif host only.
-type deferred() :: workers | dirty_cpu | dirty_io.
-type option() ::
    {service, atom() | string() | binary()}
    | {host, host()}
    | {argument, iodata()}
    | {library, file:name_all() | {atom(), atom() | string() | binary()}}
    | linkspan_executable:option()
    | {name, atom() | {local, atom()} | {global, term()} | {via, module(), term()}}
    | {events, pid()}
    | {queue, [{limit, pos_integer()} | {bytes, pos_integer()} | {full, wait | error}]}
    | {on_panic, stop | keep}
    | {lanes, pos_integer()}
    | {telemetry, boolean()}
    | {deferred, deferred()}
    | linkspan_confinement:option().

-type options() :: #{
    service := binary(),
    %% Who opens the instance: a host; a decorator with the host behind it; or the lanes, with the host of each.
    host := module(),
    behind => module(),
    lanes => {pos_integer(), module()},
    argument := binary(),
    library := binary(),
    executable := linkspan_executable:executable(),
    name := undefined | {local, atom()} | {global, term()} | {via, module(), term()},
    events := pid(),
    limit := pos_integer(),
    bytes := pos_integer(),
    full := wait | error,
    on_panic := stop | keep,
    deferred := deferred(),
    confinement := linkspan_confinement:confinement()
}.

-define(MOST_LANES, 1024).
%% Longest names of services and libraries, longest path of a library, in bytes.
-define(LONGEST_NAME, 255).
-define(LONGEST_PATH, 4095).

%% Checks a list of options and fills in the defaults. An option that is unknown, missing, given twice or of a wrong type
%% raises {bad_option, Name, What}.
-spec read([option()]) -> options().
read(Options) when is_list(Options) ->
    Given = by_name(Options),
    Names = [
        service, host, argument, library, program, name, events, queue, on_panic, deferred, lanes, telemetry, limits, env
    ],
    ok = known(Given, Names),
    Queue = queue(maps:get(queue, Given, [])),
    Service = service(Given),
    Host = maps:get(host, Given, driver),
    Plain = Queue#{
        service => Service,
        host => host(Host),
        argument => argument(maps:get(argument, Given, <<>>)),
        library => library(Service, Given),
        executable => linkspan_executable:read(Host, Given),
        name => name(maps:get(name, Given, undefined)),
        events => events(maps:get(events, Given, self())),
        on_panic => one_of(on_panic, [stop, keep], maps:get(on_panic, Given, stop)),
        deferred => deferred(Host, maps:get(deferred, Given, workers)),
        confinement => linkspan_confinement:read(Host, maps:with([limits, env], Given))
    },
    Told = decorate(one_of(telemetry, [true, false], maps:get(telemetry, Given, false)), Plain),
    multiply(lanes(maps:get(lanes, Given, 1)), Told);
read(_Options) ->
    bad(options, "is to be a list").

%% As read/1, where nothing is registered: only a server has a name.
-spec read_unnamed([option()]) -> options().
read_unnamed(Options) ->
    case read(Options) of
        #{name := undefined} = Read -> Read;
        #{} -> bad(name, "is for start_link: what open returns has no process to register")
    end.

%% Whether there is anybody to tell is asked here, once: an instance that tells nobody is like any other.
decorate(Telemetry, #{host := Host} = Options) ->
    case Telemetry andalso linkspan_telemetry:is_available() of
        true -> Options#{host := linkspan_telemetry, behind => Host};
        false -> Options
    end.

multiply(1, Options) -> Options;
multiply(Lanes, #{host := Host} = Options) -> Options#{host := linkspan_lanes, lanes => {Lanes, Host}}.

%% Options by their names, each given once.
-spec by_name([term()]) -> #{atom() => term()}.
by_name(Options) ->
    lists:foldl(fun add/2, #{}, Options).

add({Name, _Value}, Given) when is_map_key(Name, Given) -> bad(Name, "is given twice");
add({Name, Value}, Given) when is_atom(Name) -> Given#{Name => Value};
add(Other, _Given) -> bad(Other, "is to be a pair of a name and a value").

%% Refuses names that are not among those there are.
-spec known(#{atom() => term()}, [atom()]) -> ok.
known(Given, Names) ->
    case maps:keys(maps:without(Names, Given)) of
        [] -> ok;
        [Unknown | _] -> bad(Unknown, io_lib:format("is unknown; there are ~0p", [Names]))
    end.

service(#{service := Service}) -> text(service, Service, ?LONGEST_NAME);
service(_Given) -> bad(service, "is missing").

host(Host) -> linkspan_host:module(one_of(host, [driver, nif, program], Host)).

lanes(Lanes) when is_integer(Lanes), Lanes > 0, Lanes =< ?MOST_LANES -> Lanes;
lanes(_Other) -> bad(lanes, io_lib:format("is to be an integer from 1 to ~b", [?MOST_LANES])).

argument(Argument) ->
    try iolist_to_binary(Argument) of
        Binary when byte_size(Binary) =< ?LONGEST -> Binary;
        _ -> bad(argument, io_lib:format("is longer than ~b bytes", [?LONGEST]))
    catch
        error:badarg -> bad(argument, "is to be a binary or an iolist")
    end.

%% A program of another make has its service in itself.
library(_Service, #{library := Library}) -> library(Library);
library(_Service, #{program := _}) -> <<>>;
library(Service, #{}) -> library({linkspan, Service}).

%% Only what an application brings or what is named in full is ever loaded.
library({Application, Name}) when is_atom(Application) ->
    Library = text(library, Name, ?LONGEST_NAME),
    case {code:priv_dir(Application), is_bare(Library)} of
        {{error, bad_name}, _} ->
            bad(library, io_lib:format("names ~p, which is no known application", [Application]));
        {_, true} ->
            File = <<Library/binary, ".so">>,
            unicode:characters_to_binary(filename:join(linkspan_native:library_dir(Application), File));
        {_, false} ->
            bad(library, "is to name a library, not a path, beside its application")
    end;
library(Path) when is_list(Path); is_binary(Path) ->
    Text = text(library, Path, ?LONGEST_PATH),
    case filename:pathtype(Text) of
        absolute -> Text;
        _ -> bad(library, "is to be an absolute path or {Application, Name}")
    end;
library(_Other) ->
    bad(library, "is to be an absolute path or {Application, Name}").

%% Whether a name leads nowhere else than to a file of the folder it is looked for in.
is_bare(Name) -> binary:match(Name, [<<"/">>, <<"\\">>, <<"..">>]) =:= nomatch.

name(undefined) -> undefined;
name(Name) when is_atom(Name) -> {local, Name};
name({local, Name}) when is_atom(Name) -> {local, Name};
name({global, _} = Name) -> Name;
name({via, Module, _} = Name) when is_atom(Module) -> Name;
name(_Other) -> bad(name, "is to be an atom, {local, Atom}, {global, Term} or {via, Module, Term}").

events(Pid) when is_pid(Pid), node(Pid) =:= node() -> Pid;
events(_Other) -> bad(events, "is to be a process of this node").

queue(Queue) when is_list(Queue) ->
    Given = by_name(Queue),
    ok = known(Given, [limit, bytes, full]),
    #{
        limit => positive(limit, maps:get(limit, Given, 4096)),
        bytes => positive(bytes, maps:get(bytes, Given, 256 * 1024 * 1024)),
        full => one_of(full, [wait, error], maps:get(full, Given, wait))
    };
queue(_Other) ->
    bad(queue, "is to be a list").

%% Only the nif host runs in calls that the VM can move.
deferred(_Host, workers) ->
    workers;
deferred(Host, Deferred) ->
    case one_of(deferred, [workers, dirty_cpu, dirty_io], Deferred) of
        Dirty when Host =:= nif -> Dirty;
        Dirty -> bad(deferred, io_lib:format("is to be workers in host ~p: ~p is for host nif", [Host, Dirty]))
    end.

positive(_Name, Number) when is_integer(Number), Number > 0, Number < 1 bsl 63 -> Number;
positive(Name, _Other) -> bad(Name, "is to be a positive integer").

one_of(Name, Values, Value) ->
    case lists:member(Value, Values) of
        true -> Value;
        false -> bad(Name, io_lib:format("is to be one of ~0p, not ~0tp", [Values, Value]))
    end.

%% A text of an option as UTF-8: not empty, of so many bytes at most, and none of them 0, where C would take it to end.
-spec text(atom(), term(), pos_integer()) -> binary().
text(Name, Text, Longest) when is_atom(Text), Text =/= undefined, Text =/= nil ->
    text(Name, atom_to_binary(Text), Longest);
text(Name, Text, Longest) when is_list(Text); is_binary(Text) ->
    try unicode:characters_to_binary(Text) of
        <<>> -> bad(Name, "is to be a text that is not empty");
        Binary when is_binary(Binary) -> usable(Name, Binary, Longest);
        _ -> bad(Name, "is to be a text")
    catch
        error:badarg -> bad(Name, "is to be a text")
    end;
text(Name, _Other, _Longest) ->
    bad(Name, "is to be an atom, a string or a binary").

usable(Name, Text, Longest) when byte_size(Text) > Longest ->
    bad(Name, io_lib:format("is longer than ~b bytes", [Longest]));
usable(Name, Text, _Longest) ->
    case binary:match(Text, <<0>>) of
        nomatch -> Text;
        _ -> bad(Name, "has a byte 0")
    end.

%% Raises the error of an option.
-spec bad(term(), unicode:chardata()) -> no_return().
bad(Name, What) ->
    erlang:error({bad_option, Name, unicode:characters_to_binary(What)}).
