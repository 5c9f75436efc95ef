%% linkspan::etf against the VM's own external term format: what term_to_binary/2 writes, a service reads as a term and
%% writes again, and binary_to_term/1 is to make the same of it. Terms come from PropEr.
-module(linkspan_etf_tests).

-include_lib("eunit/include/eunit.hrl").

-define(HOSTS, [driver, nif, program]).

etf_test_() ->
    {setup, fun() -> ok = linkspan:load() end, fun(_) -> ok end,
        [{timeout, 120, {lists:concat([Host, ": ", Name]), fun() -> holds(Host, Count, Property) end}}
         || Host <- ?HOSTS, {Name, Count, Property} <- properties(Host)] ++
        [{timeout, 60, {Name, Test}} || {Name, Test} <- tests()]}.

properties(driver) ->
    [{"a term comes back as it went", 1000, fun a_term_comes_back/1},
     {"equal terms have equal bytes", 500, fun equal_terms_have_equal_bytes/1},
     {"what the VM takes is taken, and what is damaged does no harm", 2000, fun damage_does_no_harm/1}];
properties(_Host) ->
    [{"a term comes back as it went", 100, fun a_term_comes_back/1}].

tests() ->
    [{"terms at the edges come back", fun terms_at_the_edges_come_back/0},
     {"what is refused is said", fun what_is_refused_is_said/0},
     {"depth is bounded", fun depth_is_bounded/0}].

holds(Host, Count, Property) ->
    {ok, Echo} = linkspan:open([{service, echo}, {host, Host}]),
    %% Not every Erlang/OTP comes with PropEr; Debian has it as erlang-proper.
    ?assertMatch({module, proper}, code:ensure_loaded(proper)),
    Outcome = proper:quickcheck(Property(Echo), [quiet, {numtests, Count}, noshrink, {max_size, 20}, {on_output, fun io:format/2}]),
    ?assertEqual({true, []}, {Outcome, [proper:counterexample() || Outcome =/= true]}),
    ok = linkspan:close(Echo).

%% Properties. An exception in one would end in a function that PropEr 1.2 calls and OTP no longer has.

a_term_comes_back(Echo) ->
    forall([any_term(), variant()], fun([Term, Options]) ->
        {ok, Written} = linkspan:call(Echo, term, term_to_binary(Term, Options)),
        Term =:= binary_to_term(Written) andalso {ok, Written} =:= linkspan:call(Echo, term, binary:copy(Written))
    end).

equal_terms_have_equal_bytes(Echo) ->
    forall([data()], fun([Term]) ->
        Written = [linkspan:call(Echo, term, term_to_binary(Term, Options)) || Options <- variants()],
        [{ok, _}] = lists:usort(Written),
        true
    end).

damage_does_no_harm(Echo) ->
    forall([any_term(), variant(), damage()], fun([Term, Options, Damage]) ->
        Bytes = damaged(term_to_binary(Term, Options), Damage),
        case {linkspan:call(Echo, term, Bytes), from_vm(Bytes)} of
            {{ok, Written}, {ok, Read}} -> binary_to_term(Written) =:= Read;
            {{ok, _}, error} -> true;
            {{error, {bad_request, <<_, _/binary>>}}, error} -> true;
            %% The VM's own way to write an atom in a table, by its index: it takes it from anybody.
            {{error, {bad_request, Why}}, {ok, _}} -> nomatch =/= binary:match(Why, [<<"tag 73">>, <<"tag 75">>])
        end
    end).

forall(Types, Holds) ->
    proper:forall(proper_types:fixed_list(Types), fun(Values) ->
        try Holds(Values)
        catch
            Class:Reason -> io:format("~p ~0P~n", [Class, Reason, 100]), false
        end
    end).

from_vm(Bytes) ->
    try binary_to_term(Bytes, [used]) of
        {Term, Used} when Used =:= byte_size(Bytes) -> {ok, Term};
        {_Term, _Used} -> error
    catch
        error:badarg -> error
    end.

%% Generators

variants() ->
    [[], [{minor_version, 0}], [{minor_version, 1}], [{minor_version, 2}], [deterministic], [{minor_version, 2}, deterministic]].

variant() -> proper_types:oneof(variants()).

any_term() -> sized(fun(Inner) -> proper_types:frequency([{3, scalar()}, {1, opaque()}, {2, container(Inner)}]) end).

%% What is the same in every variant.
data() -> sized(fun(Inner) -> proper_types:frequency([{3, scalar()}, {2, container(Inner)}]) end).

sized(Make) ->
    proper_types:sized(fun(Size) -> sized(Make, Size) end).

sized(_Make, 0) -> scalar();
sized(Make, Size) -> Make(proper_types:lazy(fun() -> sized(Make, Size div 4) end)).

scalar() ->
    proper_types:oneof([
        proper_types:integer(),
        proper_types:range(-300, 300),
        huge(),
        proper_types:float(),
        proper_types:atom(),
        proper_types:oneof(['', nil, undefined, true, 'Ünïcode', '日本語', list_to_atom(lists:duplicate(255, $日))]),
        proper_types:binary(),
        proper_types:bitstring(),
        proper_types:list(proper_types:byte())
    ]).

%% Integers of up to some 300 bytes.
huge() ->
    bind(proper_types:tuple([proper_types:oneof([1, -1]), proper_types:range(0, 2400), proper_types:integer()]),
        fun({Sign, Shift, Low}) -> Sign * (1 bsl Shift) + Low end).

container(Inner) ->
    proper_types:oneof([
        proper_types:list(Inner),
        bind(proper_types:tuple([Inner, proper_types:list(Inner), scalar()]), fun({First, Rest, Tail}) ->
            [First | Rest ++ Tail]
        end),
        bind(proper_types:list(Inner), fun list_to_tuple/1),
        bind(proper_types:list(proper_types:tuple([Inner, Inner])), fun maps:from_list/1)
    ]).

opaque() ->
    Captured = {make_ref(), [self()]},
    proper_types:oneof([
        self(), make_ref(), hd(erlang:ports()), fun lists:map/2, fun() -> Captured end,
        %% Of other nodes, and in the older forms.
        foreign(<<88, 119, 4, "n@äö"/utf8, 7:32, 1:32, 99:32>>),
        foreign(<<103, 100, 3:16, "n@h", 7:32, 1:32, 2>>),
        foreign(<<90, 3:16, 119, 3, "n@h", 99:32, 1:32, 2:32, 3:32>>),
        foreign(<<114, 1:16, 100, 3:16, "n@h", 2, 1:32>>),
        foreign(<<120, 119, 3, "n@h", (1 bsl 40):64, 99:32>>),
        foreign(<<89, 119, 3, "n@h", 17:32, 99:32>>)
    ]).

foreign(<<Tag, Kind, _, "n@äö"/utf8, Rest/binary>>) -> foreign(<<Tag, Kind, 6, "n@äö"/utf8>>, Rest);
foreign(Bytes) -> foreign(Bytes, <<>>).

foreign(Head, Rest) -> binary_to_term(<<131, Head/binary, Rest/binary>>).

damage() ->
    proper_types:list(proper_types:tuple([proper_types:oneof([flip, set, cut, twice]), proper_types:non_neg_integer(),
                                          proper_types:byte()])).

bind(Type, Fun) -> proper_types:bind(Type, Fun, true).

damaged(Bytes, Damages) -> lists:foldl(fun damage/2, Bytes, Damages).

damage({_Kind, _At, _Byte}, <<>>) -> <<>>;
damage({Kind, At, Byte}, Bytes) ->
    <<Before:(At rem byte_size(Bytes))/binary, Old, After/binary>> = Bytes,
    case Kind of
        flip -> <<Before/binary, (Old bxor (1 bsl (Byte rem 8))), After/binary>>;
        set -> <<Before/binary, Byte, After/binary>>;
        cut -> Before;
        twice -> <<Before/binary, Old, Old, After/binary>>
    end.

%% Single cases

terms_at_the_edges_come_back() ->
    {ok, Echo} = linkspan:open([{service, echo}]),
    Powers = [1 bsl N || N <- [7, 8, 31, 32, 59, 60, 63, 64, 127, 128, 2039, 2040, 4096]],
    Integers = lists:append([[P - 1, P, P + 1, -P - 1, -P, 1 - P] || P <- Powers]),
    Floats = [0.0, -0.0, 1.5, 2.2250738585072014e-308, 5.0e-324, 1.7976931348623157e308],
    Lists = [lists:duplicate(N, $x) || N <- [0, 1, 65535, 65536]] ++ [lists:seq(1, 100000), [a | b], [[]]],
    Tuples = [list_to_tuple(lists:seq(1, N)) || N <- [0, 1, 255, 256, 70000]],
    Maps = [maps:from_list([{N, -N} || N <- lists:seq(1, Count)]) || Count <- [0, 1, 32, 33, 10000]],
    Binaries = [binary:copy(<<7>>, N) || N <- [0, 1, 64, 65, 1000000]] ++ [<<1:1>>, <<5:7>>, <<0:8001>>],
    [begin
         {ok, Written} = linkspan:call(Echo, term, term_to_binary(Term), infinity),
         ?assertEqual(term_to_binary(Term), term_to_binary(binary_to_term(Written)))
     end || Term <- lists:append([Integers, Floats, Lists, Tuples, Maps, Binaries])],
    ok = linkspan:close(Echo).

what_is_refused_is_said() ->
    {ok, Echo} = linkspan:open([{service, echo}]),
    Compressed = term_to_binary(lists:duplicate(1000, a), [compressed]),
    [?assertEqual({error, {bad_request, Why}}, linkspan:call(Echo, term, Bytes))
     || {Bytes, Why} <- [
            {Compressed, <<"byte 1: compressed terms are not taken">>},
            {<<"hello">>, <<"byte 0: unknown version 104 of the external term format, expected 131">>},
            {<<>>, <<"byte 0: the term is cut off">>},
            {<<131, 104, 2, 97, 1>>, <<"[1] (byte 5): the term is cut off">>},
            {<<131, 104, 1, 255>>, <<"[0] (byte 3): unknown tag 255">>},
            {<<131, 106, 0>>, <<"byte 2: 1 bytes after the term">>}
        ]],
    ok = linkspan:close(Echo).

%% In a worker and on a scheduler thread, which have less stack than any other thread.
depth_is_bounded() ->
    Nested = fun(Depth) -> term_to_binary(lists:foldl(fun(_, Term) -> {Term} end, [], lists:seq(1, Depth))) end,
    [begin
         {ok, Echo} = linkspan:open([{service, echo}, {host, Host}]),
         [{ok, _} = linkspan:call(Echo, term, Nested(128)) || _ <- lists:seq(1, 100)],
         ?assertMatch({error, {bad_request, _}}, linkspan:call(Echo, term, Nested(129))),
         ?assertMatch({error, {bad_request, _}}, linkspan:call(Echo, term, Nested(1000000), infinity)),
         ok = linkspan:close(Echo)
     end || Host <- ?HOSTS].
