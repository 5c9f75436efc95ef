%% Modules that are made from descriptions: what they are once they are compiled.
-module(linkspan_module_tests).

-include_lib("eunit/include/eunit.hrl").
-include_lib("xmerl/include/xmerl.hrl").

%% A form of each type: what is described, what may be sent, what is returned.
-define(TYPES, [
    {integer, "integer()", "integer()"},
    {float, "float()", "float()"},
    {boolean, "boolean()", "boolean()"},
    {string, "unicode:unicode_binary()", "unicode:unicode_binary()"},
    {binary, "binary()", "binary()"},
    {term, "term()", "term()"},
    {{list, integer}, "[integer()]", "[integer()]"},
    {{option, integer}, "integer() | nil | undefined", "integer() | nil"},
    {{list, {option, nothing}}, "[ok | nil | undefined]", "[ok | nil]"},
    {{tuple, []}, "{}", "{}"},
    {{tuple, [integer, {tuple, [float]}]}, "{integer(), {float()}}", "{integer(), {float()}}"},
    {{map, string, {option, float}}, "#{unicode:unicode_binary() => float() | nil | undefined}",
        "#{unicode:unicode_binary() => float() | nil}"},
    {{struct, #{name => <<"P">>, fields => []}}, "#{}", "#{}"},
    {{struct, #{name => <<"P">>, fields => [argument("x", float), argument("End", {option, term})]}},
        "#{x := float(), 'End' := term() | nil | undefined}", "#{x := float(), 'End' := term() | nil}"},
    {{enum, []}, "none()", "none()"},
    {{enum, [<<"up">>]}, "up", "up"},
    {{enum, [<<"up">>, <<"Down">>, <<"end">>, <<"größer"/utf8>>]}, "up | 'Down' | 'end' | größer", "up | 'Down' | 'end' | größer"}
]).

every_type_is_a_spec_test() ->
    lists:foreach(
        fun({Type, Sent, Returned}) ->
            Specs = specs(made([operation("ask", [{"what", Type}], Type)])),
            Answer = ["{ok, ", Returned, "} | {error, linkspan:reason()}"],
            Asked = ["(Server :: linkspan:server(), What :: ", Sent],
            ?assertEqual(spec([Asked, ") -> ", Answer]), maps:get({ask, 2}, Specs)),
            ?assertEqual(spec([Asked, ", Timeout :: timeout()) -> ", Answer]), maps:get({ask, 3}, Specs))
        end,
        ?TYPES
    ).

every_form_is_a_spec_test() ->
    Specs = specs(
        made([
            operation("nothing", [], nothing),
            (operation("cast", [{"by", integer}], nothing))#{form := <<"cast">>},
            (operation("parts", [{"by", integer}], float))#{form := <<"stream">>},
            (operation("bytes", [], binary))#{form := <<"raw">>}
        ])
    ),
    Expected = #{
        {nothing, 1} => "(Server :: linkspan:server()) -> ok | {error, linkspan:reason()}",
        {nothing, 2} => "(Server :: linkspan:server(), Timeout :: timeout()) -> ok | {error, linkspan:reason()}",
        {cast, 2} => "(Server :: linkspan:server(), By :: integer()) -> ok | {error, linkspan:reason()}",
        {parts, 2} =>
            "(Server :: linkspan:server(), By :: integer()) -> {ok, linkspan:stream()} | {error, linkspan:reason()}",
        {parts, 3} =>
            "(Server :: linkspan:server(), By :: integer(), Options :: [linkspan:stream_option()]) -> "
            "{ok, linkspan:stream()} | {error, linkspan:reason()}",
        {bytes, 2} => "(Server :: linkspan:server(), Body :: iodata()) -> {ok, binary()} | {error, linkspan:reason()}",
        {bytes, 3} =>
            "(Server :: linkspan:server(), Body :: iodata(), Timeout :: timeout()) -> "
            "{ok, binary()} | {error, linkspan:reason()}"
    },
    ?assertEqual(
        maps:map(fun(_, Text) -> spec(Text) end, Expected),
        maps:without([{start_link, 1}, {open, 1}, {child_spec, 1}, {source, 0}, {expected, 0}], Specs)
    ).

start_arguments_are_an_option_test() ->
    Beam = made((description([]))#{start := [argument("by", {option, integer}), argument("To", string)]}),
    [Option] = [Type || {attribute, _, type, {option, Type, []}} <- abstract_code(Beam)],
    Text = "linkspan_options:option() | {start, [{by, integer() | nil | undefined} | {'To', unicode:unicode_binary()}]}",
    {attribute, _, type, {_, Expected, []}} = form(["-type option() :: ", Text, "."]),
    ?assertEqual(plain(Expected), plain(Option)).

names_of_rust_are_names_of_erlang_test() ->
    Names = ["max_size", "_hidden", "server", "timeout", "x", "X", "höhe", "日本", "r#type"],
    Operation = operation("receive", [{Name, integer} || Name <- Names], integer),
    Beam = made([Operation, operation("Odd", [], integer), operation("apply", [{"m", term}], term)]),
    #{{'receive', 10} := Spec, {'Odd', 1} := _, {apply, 2} := _} = specs(Beam),
    [{type, _, 'fun', [{type, _, product, Arguments}, _]}] = Spec,
    ?assertEqual(
        ['Server', 'MaxSize', 'Hidden', 'Server_', 'Timeout_', 'X', 'X_', 'Höhe', 'Argument', 'Argument_'],
        [Name || {ann_type, _, [{var, _, Name}, _]} <- Arguments]
    ).

%% Words that mean something to Erlang, to edoc or to XML arrive as they were written.
the_author_s_words_are_edoc_s_test() ->
    Doc = <<"Adds `a & b`, <i>really</i>.\r\nA `quote, {@link x}, [http://x], '@'.\n@private `a/1` `\"it's\"` 100%\n\n"
        "# Häufig\n\n```rust\nlet x: Vec<u8> = a[1] & `b`;\n@doc '''\n\n```\n\\1 \e end ```"/utf8>>,
    Operation = (operation("add", [], integer))#{doc := Doc},
    in_file((description([Operation]))#{doc := Doc}, fun(File) ->
        {_, Edoc} = edoc:get_doc(File),
        Said = words("Adds a & b, <i>really</i>. A `quote, {@link x}, [http://x], '@'. @private a/1 \"it's\" 100% # Häufig "
            "let x: Vec<u8> = a[1] & `b`; @doc ''' \\1 end ```"),
        Texts = [words(texts(One)) || One <- xmerl_xpath:string("//fullDescription", Edoc)],
        Found = [Text || Text <- Texts, lists:prefix(Said, Text)],
        %% The module's and the operation's.
        ?assertMatch([_, _], Found)
    end).

a_function_that_is_there_already_is_refused_test() ->
    Cast = (operation("add", [{"a", term}], nothing))#{form := <<"cast">>},
    [
        ?assertEqual(
            "an operation would be the function " ++ Function ++
                ", which is there already; give the operation another name, by #[op(name = \"..\")]",
            refused(Operations)
        )
     || {Function, Operations} <- [
            {"start_link/1", [operation("start_link", [], term)]},
            {"module_info/1", [operation("module_info", [], term)]},
            {"record_info/2", [operation("record_info", [], term)]},
            {"add/2", [operation("add", [], term), Cast#{number := 2}]}
        ]
    ],
    %% Others of the same name are not in the way.
    _ = made([operation("open", [{"a", term}, {"b", term}], term)]).

a_name_that_is_no_atom_is_refused_test() ->
    Long = lists:duplicate(256, $a),
    "the name aaa" ++ _ = refused([operation(Long, [], term)]),
    "the name aaa" ++ _ = refused([operation("a", [], {list, {enum, [list_to_binary(Long)]}})]).

a_module_of_a_library_answers_test_() ->
    {setup, fun load_sum/0, fun unload/1, fun({_Expected, Sum}) ->
        [{atom_to_list(Host), fun() -> answers(Host, Sum) end} || Host <- [driver, nif, program]]
    end}.

load_sum() ->
    ok = linkspan:load(),
    Path = filename:join(linkspan_native:library_dir(linkspan), "sum.so"),
    {ok, Expected} = linkspan_typed:describe(list_to_binary(Path), <<"sum">>),
    {Expected, loaded(linkspan_module_tests_sum, Expected)}.

unload({_Expected, Sum}) ->
    true = code:delete(Sum),
    code:purge(Sum).

answers(Host, Sum) ->
    {ok, Server} = Sum:start_link([{start, [{total, 5}]}, {host, Host}, {name, Sum}]),
    ?assertEqual({ok, 8}, Sum:add(Server, 3)),
    ?assertEqual({ok, 9}, Sum:add(Sum, 1, infinity)),
    ?assertEqual({ok, 5}, Sum:divide(Sum, 2, up)),
    ?assertMatch({error, {bad_request, <<"argument by", _/binary>>}}, Sum:add(Server, "three")),
    ?assertEqual({ok, nil}, Sum:middle(Server, #{})),
    Point = #{x => 1.0, y => 2.0, name => undefined},
    ?assertEqual({ok, Point#{name := nil}}, Sum:middle(Server, #{<<"a">> => Point})),
    ?assertEqual(ok, Sum:clear(Server)),
    ?assertEqual(ok, Sum:reset(Server)),
    ?assertEqual({ok, <<"cba">>}, Sum:reversed(Server, ["a", <<"bc">>])),
    {ok, Steps} = Sum:steps(Server, 3, [{window, 1}]),
    {ok, 0, More} = linkspan:next_term(Steps, 5000),
    {ok, 3, Rest} = linkspan:next_term(More, 5000),
    ok = linkspan:close_stream(Rest),
    ok = linkspan:stop(Server),
    {ok, Instance} = Sum:open([{start, [{total, 1}]}, {host, Host}]),
    ?assertEqual({ok, 1}, Sum:total(Instance)),
    ok = linkspan:close(Instance).

start_arguments_are_checked_test_() ->
    {setup, fun load_sum/0, fun unload/1, fun({_Expected, Sum}) ->
        fun() ->
            [
                ?assertError({bad_option, Name, What}, Sum:open(Options))
             || {Options, Name, What} <- [
                    {[], start, <<"needs total">>},
                    {[{start, [{total, 1}, {by, 2}]}], start, <<"has by, which the service does not take">>},
                    {[{start, 5}], start, <<"is to be a list of pairs, not 5">>},
                    {[{start, [total]}], start, <<"is to be a list of pairs, not [total]">>},
                    {[{start, [{total, 1}]}, {library, "x"}], library, <<"is the module's own">>},
                    {total, options, <<"is to be a list">>}
                ]
            ],
            ?assertEqual(
                #{id => me, start => {Sum, start_link, [[{name, me}]]}}, Sum:child_spec([{name, me}])
            ),
            ?assertMatch(#{id := Sum}, Sum:child_spec([]))
        end
    end}.

%% The module was made for a library that said something else.
a_library_that_has_changed_is_refused_test_() ->
    {setup, fun load_sum/0, fun unload/1, fun({{_Hash, Description}, _Sum}) ->
        fun() ->
            #{operations := [#{name := <<"add">>} = Add | Others]} = Description,
            Other = Description#{operations := [Add#{arguments := [argument("by", float)]} | Others]},
            Sum = loaded(linkspan_module_tests_other, {<<"other">>, Other}),
            Refused = {error, {library_changed, [<<"operation add has other arguments">>]}},
            Options = [{start, [{total, 1}]}],
            ?assertEqual([Refused, Refused], [Sum:start_link(Options), Sum:open(Options)]),
            unload({Other, Sum})
        end
    end}.

%% What tests make modules of.

argument(Name, Type) -> #{name => unicode:characters_to_binary(Name), type => Type}.

operation(Name, Arguments, Returns) ->
    #{
        number => 1,
        name => unicode:characters_to_binary(Name),
        doc => <<"Asks.">>,
        arguments => [argument(Argument, Type) || {Argument, Type} <- Arguments],
        returns => Returns,
        form => <<"call">>,
        cost => <<"learn">>
    }.

description(Operations) -> #{doc => <<"Made for a test.">>, start => [], operations => Operations}.

source(Module, Expected) -> linkspan_module:source(Module, {linkspan, <<"sum">>, <<"sum">>}, Expected).

refused(Operations) ->
    {error, Why} = source(refused, {<<"hash">>, description(Operations)}),
    unicode:characters_to_list(Why).

in_file(Description, Fun) -> in_file(made, {<<"hash">>, Description}, Fun).

in_file(Module, Expected, Fun) ->
    {ok, Source} = source(Module, Expected),
    Dir = string:trim(os:cmd("mktemp -d")),
    File = filename:join(Dir, atom_to_list(Module) ++ ".erl"),
    ok = file:write_file(File, unicode:characters_to_binary(Source)),
    try
        Fun(File)
    after
        ok = file:del_dir_r(Dir)
    end.

%% As strictly as an application may.
compiled(File) ->
    Options = [binary, debug_info, return, warn_missing_spec_all, warn_export_vars, warn_shadow_vars],
    {ok, _Module, Beam, []} = compile:file(File, Options),
    Beam.

made(Operations) when is_list(Operations) -> made(description(Operations));
made(Description) -> in_file(Description, fun compiled/1).

loaded(Module, Expected) ->
    Beam = in_file(Module, Expected, fun compiled/1),
    {module, Module} = code:load_binary(Module, "made", Beam),
    Module.

abstract_code(Beam) ->
    {ok, {_, [{abstract_code, {_, Forms}}]}} = beam_lib:chunks(Beam, [abstract_code]),
    Forms.

specs(Beam) ->
    maps:from_list([{Head, plain(Types)} || {attribute, _, spec, {Head, Types}} <- abstract_code(Beam)]).

spec(Text) ->
    {attribute, _, spec, {_, Types}} = form(["-spec f", Text, "."]),
    plain(Types).

form(Text) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Text)),
    {ok, Form} = erl_parse:parse_form(Tokens),
    Form.

plain(Forms) -> erl_parse:map_anno(fun(_) -> 0 end, Forms).

texts(#xmlText{value = Text}) -> Text;
texts(#xmlElement{content = Content}) -> lists:flatmap(fun texts/1, Content);
texts(_Other) -> "".

words(Text) -> lists:flatten(lists:join(" ", string:lexemes(Text, " \t\r\n"))).
