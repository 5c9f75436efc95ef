%% JSON, as cargo writes it and as it must not be.
-module(linkspan_json_tests).

-include_lib("eunit/include/eunit.hrl").

what_is_json_test_() ->
    [
        ?_assertEqual({ok, Value}, linkspan_json:decode(Text))
     || {Text, Value} <- [
            {<<"null">>, null},
            {<<" [ true ,false ] ">>, [true, false]},
            {<<"[]">>, []},
            {<<"{ }">>, #{}},
            {<<"{\"a\" : {\"b\":[1,{}]}, \"c\":\"\"}">>, #{<<"a">> => #{<<"b">> => [1, #{}]}, <<"c">> => <<>>}},
            {<<"-12">>, -12},
            {<<"123456789012345678901234567890">>, 123456789012345678901234567890},
            {<<"1.5">>, 1.5},
            {<<"1e2">>, 100.0},
            {<<"-1.5E-1">>, -0.15},
            {<<"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"">>, <<"\"\\/\b\f\n\r\t">>},
            {<<"\"\\u00e9\\uD83D\\uDE00\"">>, <<"é😀"/utf8>>},
            {<<"\"é😀\""/utf8>>, <<"é😀"/utf8>>},
            %% Half a character is none.
            {<<"\"\\ud83d\\n\\ud83d\\u0041\"">>, <<"\x{FFFD}\n\x{FFFD}A"/utf8>>}
        ]
    ].

what_is_none_test_() ->
    [
        ?_assertEqual({error, not_json}, linkspan_json:decode(Text))
     || Text <- [
            <<>>, <<"nul">>, <<"1 2">>, <<"01">>, <<"1.">>, <<"+1">>, <<"1e999">>, <<"[1,]">>, <<"[1 2]">>, <<"[">>,
            <<"{\"a\"}">>, <<"{\"a\":1,}">>, <<"{1:2}">>, <<"\"a">>, <<"\"\\x\"">>, <<"\"\\u12\"">>, <<"\"\\u-12a\"">>,
            <<"\"\\">>, <<"   Compiling linkspan v0.1.0">>
        ]
    ].
