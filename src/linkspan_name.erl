%% Names of Rust in the source of an Erlang module.
-module(linkspan_name).

-export([function/1, variables/2]).

%% An atom, quoted if it has to be.
-spec function(binary()) -> unicode:chardata().
function(Name) ->
    io_lib:write_atom(binary_to_atom(Name)).

%% Variables for arguments, apart from each other and from those that are taken.
-spec variables([binary()], [string()]) -> [string()].
variables(Names, Taken) ->
    {Variables, _} = lists:mapfoldl(
        fun(Name, Others) ->
            Variable = apart(variable(Name), Others),
            {Variable, [Variable | Others]}
        end,
        Taken,
        Names
    ),
    Variables.

%% `max_size` is `MaxSize`. What cannot be a variable is an argument all the same.
variable(Name) ->
    Variable = lists:flatmap(fun capital/1, string:lexemes(unicode:characters_to_list(Name), "_")),
    case erl_scan:string(Variable) of
        {ok, [{var, _, _}], _} -> Variable;
        _ -> "Argument"
    end.

capital([First | Rest]) -> string:titlecase([First]) ++ Rest.

apart(Variable, Others) ->
    case lists:member(Variable, Others) of
        true -> apart(Variable ++ "_", Others);
        false -> Variable
    end.
