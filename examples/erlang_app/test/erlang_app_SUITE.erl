%% The service as its callers see it, in every host.
-module(erlang_app_SUITE).

-include_lib("common_test/include/ct.hrl").
-include_lib("stdlib/include/assert.hrl").

-export([all/0, groups/0, init_per_suite/1, end_per_suite/1, init_per_group/2, end_per_group/2, init_per_testcase/2]).
-export([words_are_counted/1, parts_come_in_order/1, a_wrong_argument_is_named/1, what_is_killed_is_replaced/1]).

all() -> [{group, driver}, {group, nif}, {group, program}].

groups() ->
    Cases = [words_are_counted, parts_come_in_order, a_wrong_argument_is_named, what_is_killed_is_replaced],
    [{Host, [], Cases} || {group, Host} <- all()].

init_per_suite(Config) ->
    {ok, Started} = application:ensure_all_started(erlang_app),
    [{started, Started} | Config].

end_per_suite(Config) ->
    lists:foreach(fun application:stop/1, lists:reverse(?config(started, Config))).

init_per_group(Host, Config) ->
    [{host, Host}, {words, list_to_existing_atom("words_" ++ atom_to_list(Host))} | Config].

end_per_group(_Host, _Config) -> ok.

init_per_testcase(_Case, Config) ->
    ok = words:forget(?config(words, Config)),
    Config.

words_are_counted(Config) ->
    Words = ?config(words, Config),
    %% Nobody but the library names these atoms: the module brings them along.
    ?assertEqual(<<"speechless">>, named(words:vocabulary(Words))),
    ?assertEqual({ok, 5}, words:add(Words, <<"The ship, the quay: ship">>)),
    ?assertEqual({ok, 2}, words:count(Words, <<"THE">>)),
    ?assertEqual({ok, #{word => <<"ship">>, count => 2}}, words:highest(Words, nil)),
    ?assertEqual({ok, #{word => <<"the">>, count => 2}}, words:highest(Words, 3, infinity)),
    ?assertEqual({error, {service, 1, <<"there are no such words">>}}, words:highest(Words, 1)),
    ?assertEqual(<<"laconic">>, named(words:vocabulary(Words))),
    #{host := Host} = linkspan:info(Words),
    ?assertEqual(?config(host, Config), Host).

named({ok, Variant}) -> atom_to_binary(Variant).

parts_come_in_order(Config) ->
    Words = ?config(words, Config),
    {ok, 4} = words:add(Words, <<"b a c b">>),
    ?assertEqual([<<"a">>, <<"b">>, <<"c">>], all(words:entries(Words, alphabetical))),
    ?assertEqual([<<"b">>, <<"a">>, <<"c">>], all(words:entries(Words, frequent, [{window, 1}]))).

all({ok, Stream}) ->
    case linkspan:next_term(Stream, 5000) of
        {ok, #{word := Word, count := _}, Rest} -> [Word | all({ok, Rest})];
        done -> []
    end.

a_wrong_argument_is_named(Config) ->
    {error, {bad_request, Why}} = words:count(?config(words, Config), ship),
    ?assertMatch({match, _}, re:run(Why, "^argument word .*: expected a string"), Why).

what_is_killed_is_replaced(Config) ->
    Words = ?config(words, Config),
    {ok, 1} = words:add(Words, <<"ship">>),
    Before = whereis(Words),
    kill(linkspan:info(Words), Before),
    ok = replaced(Words, Before, erlang:monotonic_time(second) + 60),
    ?assertEqual({ok, 0}, words:count(Words, <<"ship">>)).

kill(#{os_pid := Program}, _Owner) -> "" = os:cmd("kill -9 " ++ integer_to_list(Program));
kill(#{}, Owner) -> exit(Owner, kill).

%% A supervisor answers when it has done what it was told before.
replaced(Words, Before, Deadline) ->
    {Words, Child, _, _} = lists:keyfind(Words, 1, supervisor:which_children(erlang_app_sup)),
    case is_pid(Child) andalso Child =/= Before of
        true ->
            ok;
        false ->
            ?assert(erlang:monotonic_time(second) < Deadline),
            replaced(Words, Before, Deadline)
    end.
