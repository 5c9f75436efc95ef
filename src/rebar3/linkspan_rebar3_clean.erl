%% The hook `{post, [{clean, {linkspan, clean}}]}`: removes the libraries that were installed. What cargo keeps for itself stays.
-module(linkspan_rebar3_clean).

-export([properties/0, do/1, format_error/1]).

-spec properties() -> [{atom(), term()}].
properties() ->
    [
        {name, clean},
        {bare, false},
        {deps, []},
        {opts, []},
        {short_desc, "Removes the libraries of the crates in native/; a hook after clean."},
        {desc, "In rebar.config: {provider_hooks, [{post, [{clean, {linkspan, clean}}]}]}."}
    ].

-spec do(rebar_state:t()) -> {ok, rebar_state:t()}.
do(State) ->
    case rebar_state:current_app(State) of
        undefined -> ok;
        _App -> linkspan_build:clean(linkspan_rebar3:build(State))
    end,
    {ok, State}.

-spec format_error(term()) -> unicode:chardata().
format_error(Reason) -> io_lib:format("~tp", [Reason]).
