%% Which modules an application's services have, and what is refused.
-module(linkspan_modules_tests).

-include_lib("eunit/include/eunit.hrl").

%% Typed: sum. Not typed: echo and script.
-define(LIBRARIES, [<<"echo">>, <<"script">>, <<"sum">>]).

modules_test_() ->
    {foreach, fun() -> string:trim(os:cmd("mktemp -d")) end, fun file:del_dir_r/1, [
        fun(Folder) -> {Name, fun() -> Test(Folder) end} end
     || {Name, Test} <- [
            {"each typed library has one", fun by_default/1},
            {"the settings say which, and how they are called", fun by_settings/1},
            {"a source that stays the same is not written again", fun written_once/1},
            {"settings that mean nothing are refused", fun refused_settings/1},
            {"names that are taken are refused", fun refused_names/1},
            {"what has no typed service is refused if it is asked for", fun refused_libraries/1}
        ]
    ]}.

by_default(Folder) ->
    ?assertEqual({ok, []}, write(Folder, #{})),
    ?assertEqual(["sum.erl"], filelib:wildcard("*", Folder)),
    %% One whose name says nothing of its service: perhaps somebody wants to know.
    {ok, [Remark]} = write(Folder, #{priv => copied_as("other", Folder), libraries => [<<"other">>]}),
    ?assertMatch("no module is made of the library other: " ++ _, unicode:characters_to_list(Remark)),
    ?assertEqual([], filelib:wildcard("*.erl", Folder)).

by_settings(Folder) ->
    Modules = [{my_sum, "sum"}, {other_sum, sum, <<"sum">>}],
    ?assertEqual({ok, []}, write(Folder, #{modules => Modules})),
    ?assertEqual(["my_sum.erl", "other_sum.erl"], filelib:wildcard("*", Folder)),
    ?assertEqual({ok, []}, write(Folder, #{modules => [{my_sum, "other", "sum"}], priv => copied_as("other", Folder)})),
    ?assertMatch([_], filelib:wildcard("*.erl", Folder)),
    ?assertEqual({ok, []}, write(Folder, #{modules => []})),
    ?assertEqual([], filelib:wildcard("*.erl", Folder)).

written_once(Folder) ->
    File = filename:join(Folder, "sum.erl"),
    {ok, []} = write(Folder, #{}),
    Long = {{2001, 1, 1}, {0, 0, 0}},
    ok = file:change_time(File, Long),
    {ok, []} = write(Folder, #{}),
    ?assertEqual(Long, filelib:last_modified(File)),
    ok = file:write_file(File, "something else"),
    {ok, []} = write(Folder, #{}),
    ?assertMatch({ok, <<"%% Made by Linkspan", _/binary>>}, file:read_file(File)).

refused_settings(Folder) ->
    ?assertEqual("modules are to be a list, not sum", refused(Folder, #{modules => sum})),
    ?assertEqual(
        "a module is to be {Module, Library} or {Module, Library, Service}, not sum", refused(Folder, #{modules => [sum]})
    ),
    ?assertEqual(
        "in {my_sum,1,1} library and service are to be texts", refused(Folder, #{modules => [{my_sum, 1}]})
    ),
    ?assertEqual(
        "in {my_sum,\"sum\",[]} library and service are to be texts", refused(Folder, #{modules => [{my_sum, "sum", ""}]})
    ),
    ?assertEqual("module my_sum is there twice", refused(Folder, #{modules => [{my_sum, "sum"}, {my_sum, "echo"}]})).

refused_names(Folder) ->
    [
        ?assertEqual(Begin, lists:sublist(refused(Folder, Changes), length(Begin)))
     || {Changes, Begin} <- [
            {#{modules => [{'My sum', "sum"}]}, "'My sum' is no name for a module"},
            {#{modules => [{'../sum', "sum"}]}, "'../sum' is no name for a module"},
            {#{modules => [{erlang, "sum"}]}, "OTP has a module erlang"},
            {#{modules => [{gen_server, "sum"}]}, "OTP has a module gen_server"},
            {#{modules => [{linkspan_frame, "sum"}]}, "Linkspan has a module linkspan_frame"},
            {#{taken => [sum]}, "the application has a module sum already"}
        ]
    ].

refused_libraries(Folder) ->
    ?assertEqual(
        "module my_echo cannot be made: the service is not typed: it has no description", refused(Folder, #{modules => [{my_echo, "echo"}]})
    ),
    "module my_sum cannot be made: " ++ Service = refused(Folder, #{modules => [{my_sum, "sum", "mean"}]}),
    ?assertMatch({_, _}, binary:match(list_to_binary(Service), <<"has no service mean, only sum">>)),
    "module none cannot be made: " ++ Missing = refused(Folder, #{modules => [{none, "nowhere"}]}),
    ?assertMatch({_, _}, binary:match(list_to_binary(Missing), <<"nowhere.so">>)).

write(Folder, Changes) ->
    Options = #{app => linkspan, priv => code:priv_dir(linkspan), libraries => ?LIBRARIES, taken => [mine], folder => Folder},
    linkspan_modules:write(maps:merge(Options, Changes)).

refused(Folder, Changes) ->
    {error, Why} = write(Folder, Changes),
    ?assertEqual([], filelib:wildcard("*.erl", Folder)),
    unicode:characters_to_list(Why).

%% A folder like `priv` with the library sum under another name.
copied_as(Name, Folder) ->
    Priv = filename:join(Folder, "priv"),
    File = filename:join([Priv, "native", Name ++ ".so"]),
    ok = filelib:ensure_dir(File),
    {ok, _} = file:copy(filename:join(linkspan_native:library_dir(linkspan), "sum.so"), File),
    Priv.
