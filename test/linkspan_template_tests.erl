%% Names of new services. What is made with them, the tests of Mix and rebar3 build and run.
-module(linkspan_template_tests).

-include_lib("eunit/include/eunit.hrl").

a_service_is_lower_case_words_test() ->
    [?assertEqual({Name, ok}, {Name, linkspan_template:check(Name)}) || Name <- ["sum", "image_scaler", "a", "v2"]],
    [
        ?assertEqual(Name ++ " cannot be a service", lists:sublist(refused(Name), length(Name) + 20))
     || Name <- ["Sum", "../sum", "two__words", "_sum", "sum_", "1st", "a_1", "", "a b", "a\n", "größe"]
    ].

words_of_rust_are_refused_test() ->
    [
        ?assertEqual(Name ++ " is a word of Rust or of cargo: choose another name", refused(Name))
     || Name <- ["struct", "self", "vec", "core", "test", "linkspan"]
    ].

%% The macro makes a name from the type's, which is not the same for all.
a_name_that_capitals_do_not_tell_is_written_down_test() ->
    [
        ?assertEqual({Name, Written}, {Name, re:run(service(Name), Attribute, [{capture, none}]) =:= match})
     || {Name, Written} <- [{"sum", false}, {"image_scaler", false}, {"v2", true}, {"a", true}, {"a_b", true}],
        Attribute <- ["#\\[linkspan::service\\(name = \"" ++ Name ++ "\"\\)\\]"]
    ],
    ?assertMatch({match, _}, re:run(service("image_scaler"), "pub struct ImageScaler \\{")).

a_crate_has_no_words_left_to_fill_test() ->
    Files = linkspan_template:crate("sum", "../../linkspan"),
    ?assertEqual(
        ["native/sum/Cargo.toml", "native/sum/.gitignore", "native/sum/src/lib.rs"], [Path || {Path, _} <- Files]
    ),
    [?assertEqual(nomatch, re:run(Text, "\\{[A-Z]+\\}", [unicode])) || {_, Text} <- Files].

refused(Name) ->
    {error, Why} = linkspan_template:check(Name),
    unicode:characters_to_list(Why).

service(Name) ->
    {_, Text} = lists:last(linkspan_template:crate(Name, "../../linkspan")),
    unicode:characters_to_binary(Text).
