%% Registered names of ports of the driver, in place of the port in every BIF and as the target of messages.
-module(linkspan_port_name_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    open/0, closed/0, call/2, reply/2, control/3, received/1, received_message/0, until/1, process/0, in/2, assert_alive/1
]).

-compile(export_all).
-compile(nowarn_export_all).

-define(NAME, linkspan_named_port).

port_test_() -> linkspan_echo_port:each(?MODULE).

named() ->
    %% The one of the test before may just be closing.
    until(fun() -> whereis(?NAME) =:= undefined end),
    Port = open(),
    true = register(?NAME, Port),
    Port.

a_port_can_be_registered_under_a_name() ->
    Port = named(),
    ?assertEqual(Port, whereis(?NAME)),
    ?assert(lists:member(?NAME, registered())).

unregister_removes_the_name() ->
    Port = named(),
    ?assertEqual(true, unregister(?NAME)),
    ?assertEqual(undefined, whereis(?NAME)),
    ?assertError(badarg, unregister(?NAME)),
    assert_alive(Port).

the_name_is_unregistered_when_the_port_terminates() ->
    Port = named(),
    true = port_close(Port),
    ?assertEqual(undefined, whereis(?NAME)),
    _ = named().

register_fails_with_badarg_for_a_closed_port() ->
    ?assertError(badarg, register(?NAME, closed())).

register_fails_with_badarg_if_the_name_is_in_use() ->
    _ = named(),
    ?assertError(badarg, register(?NAME, open())).

register_fails_with_badarg_if_the_port_has_a_name() ->
    ?assertError(badarg, register(linkspan_other_name, named())).

register_fails_with_badarg_for_the_name_undefined() ->
    ?assertError(badarg, register(undefined, open())).

the_name_is_a_target_of_messages() ->
    Port = named(),
    ?NAME ! {self(), {command, call(2, <<"hi">>)}},
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)),
    ?NAME ! {self(), close},
    %% The answer has the port, not its name.
    ?assertEqual({Port, closed}, received_message()).

the_name_with_this_node_is_a_target_of_messages() ->
    Port = named(),
    {?NAME, node()} ! {self(), {command, call(2, <<"hi">>)}},
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

the_name_stands_for_the_port_in_port_command() ->
    Port = named(),
    ?assertEqual(true, port_command(?NAME, call(2, <<"hi">>))),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)),
    ?assertEqual(true, port_command(?NAME, call(2, <<"hi">>), [nosuspend])),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

the_name_stands_for_the_port_in_port_control() ->
    _ = named(),
    ?assertEqual(<<"hi">>, control(?NAME, 1, <<"hi">>)).

the_name_stands_for_the_port_in_port_call() ->
    assert_alive(named()),
    ?assertEqual({ok, term}, erlang:port_call(?NAME, 1, term)).

the_name_stands_for_the_port_in_port_connect() ->
    Port = named(),
    New = process(),
    ?assertEqual(true, port_connect(?NAME, New)),
    ?assertEqual({connected, New}, erlang:port_info(Port, connected)).

the_name_stands_for_the_port_in_port_info() ->
    Port = named(),
    ?assertEqual(erlang:port_info(Port), erlang:port_info(?NAME)),
    ?assertEqual({name, "linkspan echo"}, erlang:port_info(?NAME, name)).

the_name_stands_for_the_port_in_port_close() ->
    Port = named(),
    ?assertEqual(true, in(process(), fun() -> port_close(?NAME) end)),
    ?assertEqual(undefined, erlang:port_info(Port)).

the_name_stands_for_the_port_in_monitor() ->
    Port = named(),
    Monitor = monitor(port, ?NAME),
    %% Resolved when the monitor is made.
    true = unregister(?NAME),
    true = port_close(Port),
    ?assertEqual({'DOWN', Monitor, port, {?NAME, node()}, normal}, received_message()).

a_monitor_of_a_name_that_nobody_has_is_triggered_with_noproc() ->
    until(fun() -> whereis(?NAME) =:= undefined end),
    Monitor = monitor(port, ?NAME),
    ?assertEqual({'DOWN', Monitor, port, {?NAME, node()}, noproc}, received_message()).
