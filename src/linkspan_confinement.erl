%% What a program is started with: bounds of what it may use, and an environment without what is none of its business.
%% The program sets its bounds itself, before it loads anything: see native/program/src/limits.rs.
-module(linkspan_confinement).

-export([read/2, none/0, settings/1]).
-export_type([option/0, confinement/0, limit/0]).

%% `memory`: bytes of private memory that may be written to. `cpu`: seconds of processor time, of all threads together.
%% `files`: open descriptors. `processes`: of the user that it runs as, threads included; who is root is not bound.
-type limit() :: {memory | cpu | files | processes, pos_integer()}.
-type text() :: atom() | string() | binary().
-type option() ::
    {limits, [limit()]}
    %% Variables: with a value, or as the VM has them.
    | {env, [text() | {text(), string() | binary()}]}.
-opaque confinement() :: {#{atom() => pos_integer()}, [{binary(), binary() | inherited}]}.

%% What a program has of the VM's environment in any case. Those of the locale begin with LC_.
-define(KEPT, ["HOME", "LANG", "PATH", "TMPDIR", "TZ"]).
%% Fewer descriptors would not do to load a library.
-define(LEAST_FILES, 16).
%% A little more than the program and its threads have when they start.
-define(LEAST_MEMORY, (64 bsl 20)).
-define(MOST, (1 bsl 62)).
%% Longest name and value of a variable, in bytes.
-define(LONGEST_NAME, 255).
-define(LONGEST_VALUE, 32768).

%% Reads the options `limits` and `env`, which other hosts than the program refuse: there is no process to bound.
-spec read(linkspan_options:host() | term(), #{atom() => term()}) -> confinement().
read(program, Given) ->
    {limits(maps:get(limits, Given, [])), env(maps:get(env, Given, []))};
read(_Host, Given) ->
    case maps:keys(Given) of
        [] -> none();
        [Name | _] -> linkspan_options:bad(Name, "is for host program")
    end.

%% Of a program about which nothing is said.
-spec none() -> confinement().
none() -> {#{}, []}.

limits(Limits) when is_list(Limits) ->
    Given = linkspan_options:by_name(Limits),
    ok = linkspan_options:known(Given, [memory, cpu, files, processes]),
    maps:map(fun(Name, Value) -> limit(Name, Value, least(Name)) end, Given);
limits(_Other) ->
    linkspan_options:bad(limits, "is to be a list").

least(memory) -> ?LEAST_MEMORY;
least(files) -> ?LEAST_FILES;
least(_Name) -> 1.

limit(_Name, Value, Least) when is_integer(Value), Value >= Least, Value < ?MOST -> Value;
limit(Name, _Other, Least) -> linkspan_options:bad(Name, io_lib:format("is to be an integer from ~b on", [Least])).

env(Variables) when is_list(Variables) -> [variable(Variable) || Variable <- Variables];
env(_Other) -> linkspan_options:bad(env, "is to be a list of names and {Name, Value}").

%% The VM takes an empty value for none, and unsets the variable: text/3 refuses one.
variable({Name, Value}) when is_list(Value); is_binary(Value) ->
    {name(Name), linkspan_options:text(env, Value, ?LONGEST_VALUE)};
variable({_Name, _Value}) -> linkspan_options:bad(env, "is to give values as strings or binaries");
variable(Name) -> {name(Name), inherited}.

name(Name) ->
    Text = linkspan_options:text(env, Name, ?LONGEST_NAME),
    case binary:match(Text, <<"=">>) of
        nomatch -> Text;
        _ -> linkspan_options:bad(env, "is to have names without =")
    end.

%% The settings of the port.
-spec settings(confinement()) -> [{args, [binary()]} | {env, [{string(), string() | false}]}].
settings({Limits, Variables}) ->
    Arguments = [[<<"--", (atom_to_binary(Name))/binary>>, integer_to_binary(Value)] || {Name, Value} <- maps:to_list(Limits)],
    Inherited = [unicode:characters_to_list(Name) || {Name, inherited} <- Variables],
    Gone = [{Name, false} || {Name, _} <- os:env(), not is_kept(Name), not lists:member(Name, Inherited)],
    Given = [{unicode:characters_to_list(Name), unicode:characters_to_list(Value)} || {Name, Value} <- Variables, is_binary(Value)],
    [{args, lists:append(Arguments)}, {env, Gone ++ Given}].

is_kept("LC_" ++ _) -> true;
is_kept(Name) -> lists:member(Name, ?KEPT).
