%% A Common Test hook that writes one line per case: name with its groups, result, milliseconds, reason.
%% The file is rewritten after each case, so that a VM that falls over leaves what it had.
-module(otp_suites_hook).

-export([id/1, init/2, pre_init_per_testcase/4, post_end_per_testcase/5, on_tc_fail/4, on_tc_skip/4]).

-record(ended, {function :: atom(), name :: string(), result :: ok | failed | skipped, took = 0 :: integer(), why = [] :: term()}).
-record(state, {file :: file:filename(), ended = [] :: [#ended{}], started = 0 :: integer()}).

id(File) ->
    File.

init(File, _Options) ->
    {ok, #state{file = File}}.

pre_init_per_testcase(_Suite, _Case, Config, State) ->
    {Config, State#state{started = erlang:monotonic_time(millisecond)}}.

post_end_per_testcase(_Suite, Case, Config, Return, #state{started = Started} = State) ->
    Took = erlang:monotonic_time(millisecond) - Started,
    {Return, add(#ended{function = Case, name = name(Case, Config), result = ok, took = Took}, State)}.

on_tc_fail(_Suite, Case, Reason, State) ->
    correct(Case, failed, Reason, State).

on_tc_skip(_Suite, Case, Reason, State) ->
    correct(Case, skipped, Reason, State).

%% Common Test tells of a failure after the end of the case, and of a case that never began without one.
correct({Case, _Group}, Result, Reason, State) ->
    correct(Case, Result, Reason, State);
correct(Case, Result, Reason, #state{ended = [#ended{function = Case, result = ok} = Last | Ended]} = State) ->
    write(State#state{ended = [Last#ended{result = Result, why = Reason} | Ended]});
correct(Case, Result, Reason, State) ->
    add(#ended{function = Case, name = atom_to_list(Case), result = Result, why = Reason}, State).

%% The groups from the outside in.
name(Case, Config) ->
    Groups = [proplists:get_value(tc_group_properties, Config, []) | proplists:get_value(tc_group_path, Config, [])],
    Names = [atom_to_list(Name) || Group <- lists:reverse(Groups), {name, Name} <- Group],
    lists:flatten(lists:join($/, Names ++ [atom_to_list(Case)])).

%% A case that stands twice in one group gets a number.
add(#ended{name = Name} = Case, #state{ended = Ended} = State) ->
    Numbered = case [same || #ended{name = Before} <- Ended, hd(string:split(Before, "#")) =:= Name] of
        [] -> Name;
        Same -> Name ++ "#" ++ integer_to_list(length(Same) + 1)
    end,
    write(State#state{ended = [Case#ended{name = Numbered} | Ended]}).

write(#state{file = File, ended = Ended} = State) ->
    Lines = [io_lib:format("~ts\t~w\t~w\t~0tP~n", [Name, Result, Took, Why, 25])
             || #ended{name = Name, result = Result, took = Took, why = Why} <- lists:reverse(Ended)],
    ok = file:write_file(File, unicode:characters_to_binary(Lines)),
    State.
