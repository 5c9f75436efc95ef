%% open_port/2 on the driver: names and settings, as erlang(3) has them.
-module(linkspan_port_open_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [open/0, open/1, call/2, reply/2, control/3, received/1, exited/1, assert_alive/1]).

-compile(export_all).
-compile(nowarn_export_all).

port_test_() -> linkspan_echo_port:each(?MODULE).

named(Name) -> open_port({spawn_driver, Name}, [binary]).

argument(Name) ->
    Argument = control(named(Name), 12, <<>>),
    Argument.

open_port_returns_a_port_identifier() ->
    ?assert(is_port(open())).

spawn_driver_demands_the_name_of_a_loaded_driver() ->
    [?assertError(badarg, named(Name)) || Name <- ["", " linkspan", "linkspa", "linkspanx", "Linkspan echo"]].

spawn_starts_the_driver_that_is_found() ->
    assert_alive(open_port({spawn, "linkspan echo"}, [binary])).

a_command_is_a_string_or_a_binary() ->
    ?assertEqual(<<"hi">>, argument("linkspan echo hi")),
    ?assertEqual(<<"hi">>, argument(<<"linkspan echo hi">>)),
    [?assertError(badarg, named(Name)) || Name <- [[linkspan], 1, {linkspan}, "linkspan\0echo", "linkspan echo\0"]].

a_command_is_subject_to_unicode_translation() ->
    ?assertEqual(<<"\x{263a}"/utf8>>, argument("linkspan echo \x{263a}")),
    ?assertEqual(<<"\x{263a}"/utf8>>, argument(<<"linkspan echo \x{263a}"/utf8>>)).

what_is_no_utf8_is_badarg() ->
    ?assertError(badarg, named(<<"linkspan echo ", 255>>)).

the_argument_is_everything_behind_the_service() ->
    ?assertEqual(<<>>, argument("linkspan echo")),
    ?assertEqual(<<>>, argument("linkspan echo ")),
    ?assertEqual(<<" two  words ">>, argument("linkspan echo  two  words ")).

linkspan_without_a_service_waits_for_one() ->
    [
        begin
            Port = named(Name),
            true = port_command(Port, call(2, <<>>)),
            ?assertEqual(reply(5, <<"no service has been started">>), received(Port))
        end
     || Name <- ["linkspan", "linkspan "]
    ].

an_unknown_service_ends_the_port_with_start_failed() ->
    process_flag(trap_exit, true),
    Port = named("linkspan nothing"),
    <<?ENDED, 10, _/binary>> = received(Port),
    ?assertEqual(start_failed, exited(Port)).

a_service_that_refuses_to_start_ends_the_port_with_start_failed() ->
    process_flag(trap_exit, true),
    Port = named("linkspan echo fail"),
    ?assertEqual(<<?ENDED, 2, 7:32, "told to fail">>, received(Port)),
    ?assertEqual(start_failed, exited(Port)).

a_path_is_no_service() ->
    [?assertError(badarg, named("linkspan " ++ Path)) || Path <- ["../echo", "/echo", "echo/", "a/b argument"]].

%% What comes in answer to a call, with these settings.
answered(Settings) ->
    Port = open(Settings),
    true = port_command(Port, call(2, <<"hi">>)),
    Data = received(Port),
    true = port_close(Port),
    Data.

binary_delivers_binaries() ->
    ?assertEqual(reply(?OK, <<"hi">>), answered([binary])).

without_binary_lists_of_bytes_are_delivered() ->
    ?assertEqual(binary_to_list(reply(?OK, <<"hi">>)), answered([])).

%% A frame is a command, and a command a frame: nothing is left to divide. So a plain port to the program keeps its
%% settings when it becomes one of the driver.
settings_for_streams_of_bytes_change_nothing() ->
    [
        ?assertEqual(reply(?OK, <<"hi">>), answered([binary | Settings]))
     || Settings <- [
            [{packet, 1}], [{packet, 2}], [{packet, 4}], [stream], [{line, 3}], [in], [out], [in, out], [hide],
            [use_stdio], [nouse_stdio], [overlapped_io], [{cd, "/"}], [{env, [{"NAME", "value"}]}]
        ]
    ].

%% No end of a service is the end of a file.
eof_keeps_no_port_open_that_ends_by_itself() ->
    process_flag(trap_exit, true),
    Port = open([binary, eof]),
    true = port_command(Port, call(5, <<"boom">>)),
    ?assertMatch({panic, _}, exited(Port)).

settings_for_programs_are_badarg() ->
    [
        ?assertError(badarg, open([binary, Setting]))
     || Setting <- [exit_status, {args, ["echo"]}, {arg0, "echo"}, {busy_limits_port, {1, 2}}, {busy_limits_port, disabled}]
    ].

unknown_settings_are_badarg() ->
    [
        ?assertError(badarg, open(Settings))
     || Settings <- [[unknown], [{packet, 3}], [{line, -1}], [binary | binary], binary, [{parallelism, maybe_so}]]
    ].

packet_and_line_are_mutually_exclusive() ->
    ?assertError(badarg, open([{packet, 4}, {line, 80}])).

parallelism_is_a_hint() ->
    [
        begin
            Port = open([binary, {parallelism, Hint}]),
            ?assertEqual({parallelism, Hint}, erlang:port_info(Port, parallelism)),
            assert_alive(Port)
        end
     || Hint <- [true, false]
    ].

busy_limits_msgq_may_be_set_and_disabled() ->
    [assert_alive(open([binary, {busy_limits_msgq, Limits}])) || Limits <- [{1, 1}, {2, 1}, {1 bsl 20, 1 bsl 30}, disabled]],
    [?assertError(badarg, open([{busy_limits_msgq, Limits}])) || Limits <- [{0, 1}, {1, 0}, 1, enabled]].

a_port_that_cannot_be_opened_leaves_none_behind() ->
    Before = erlang:ports(),
    ?assertError(badarg, named("linkspan ../echo")),
    ?assertEqual([], erlang:ports() -- Before).
