%% Messages to a port of the driver and from it, as the reference manual's chapter on ports has them.
-module(linkspan_port_messages_tests).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-import(linkspan_echo_port, [
    open/0, closed/0, call/2, call/3, cast/2, reply/2, reply/3, spin/1, received/1, received_message/0, exited/1, down/1,
    process/0, in/2, assert_alive/1, assert_quiet/1
]).

-compile(export_all).
-compile(nowarn_export_all).

port_test_() -> linkspan_echo_port:each(?MODULE).

command_sends_data_to_the_port() ->
    Port = open(),
    Port ! {self(), {command, call(2, <<"hi">>)}},
    ?assertEqual({Port, {data, reply(?OK, <<"hi">>)}}, received_message()).

command_takes_any_io_list() ->
    Port = open(),
    Port ! {self(), {command, [[?CALL, <<3:16>>], [["tag"] | <<2:32>>], [], <<?FOREVER:32>>, $h | <<"i">>]}},
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

any_process_can_send_a_command_in_the_owner_s_name() ->
    Port = open(),
    Owner = self(),
    in(process(), fun() -> Port ! {Owner, {command, call(2, <<"hi">>)}} end),
    ?assertEqual(reply(?OK, <<"hi">>), received(Port)).

commands_of_one_sender_are_handled_in_order() ->
    Port = open(),
    [
        case N rem 2 of
            0 -> Port ! {self(), {command, cast(7, integer_to_binary(N))}};
            1 -> true = port_command(Port, cast(7, integer_to_binary(N)))
        end
     || N <- lists:seq(1, 200)
    ],
    [?assertEqual(<<?EVENT, (integer_to_binary(N))/binary>>, received(Port)) || N <- lists:seq(1, 200)].

close_is_replied_to_with_closed() ->
    Port = open(),
    Port ! {self(), close},
    ?assertEqual({Port, closed}, received_message()),
    ?assertEqual(undefined, erlang:port_info(Port)).

closed_goes_to_the_owner_whoever_closes_in_its_name() ->
    Port = open(),
    Owner = self(),
    in(process(), fun() -> Port ! {Owner, close} end),
    ?assertEqual({Port, closed}, received_message()).

close_ends_the_port_in_the_middle_of_its_work_and_nothing_comes_after() ->
    Port = open(),
    spin(Port),
    Port ! {self(), close},
    ?assertEqual({Port, closed}, received_message()),
    assert_quiet(Port).

close_sends_an_exit_signal_to_linked_processes() ->
    process_flag(trap_exit, true),
    Port = open(),
    Port ! {self(), close},
    ?assertEqual([{Port, closed}, {'EXIT', Port, normal}], lists:sort([received_message(), received_message()])).

connect_is_replied_to_with_connected_to_the_old_owner() ->
    Port = open(),
    New = process(),
    Port ! {self(), {connect, New}},
    ?assertEqual({Port, connected}, received_message()),
    ?assertEqual({connected, New}, erlang:port_info(Port, connected)).

connected_goes_to_the_old_owner_whoever_connects_in_its_name() ->
    Port = open(),
    Owner = self(),
    in(process(), fun() -> Port ! {Owner, {connect, self()}} end),
    ?assertEqual({Port, connected}, received_message()).

after_connect_the_old_owner_is_still_linked_and_the_new_one_is_not() ->
    Port = open(),
    New = process(),
    Port ! {self(), {connect, New}},
    ?assertEqual({Port, connected}, received_message()),
    ?assertEqual({links, [self()]}, erlang:port_info(Port, links)),
    true = unlink(Port),
    Monitor = monitor(port, Port),
    New ! {exit, gone},
    %% Not linked, and so not missed.
    assert_alive(Port),
    exit(Port, kill),
    ?assertEqual(killed, down(Monitor)).

after_connect_data_goes_to_the_new_owner() ->
    Port = open(),
    New = process(),
    Port ! {self(), {connect, New}},
    ?assertEqual({Port, connected}, received_message()),
    true = port_command(Port, call(2, <<"hi">>)),
    ?assertEqual(reply(?OK, <<"hi">>), in(New, fun() -> received(Port) end)),
    assert_quiet(Port).

an_answer_goes_to_who_is_the_owner_then() ->
    Port = open(),
    spin(Port),
    New = process(),
    Port ! {self(), {connect, New}},
    ?assertEqual({Port, connected}, received_message()),
    true = port_command(Port, linkspan_echo_port:cancel(<<"spin">>)),
    ?assertEqual(reply(<<"spin">>, ?CANCELLED, <<>>), in(New, fun() -> received(Port) end)),
    assert_quiet(Port).

%% A process that owns a port, and what becomes of it and of the port when Fun has sent something.
badsig(Fun) ->
    Owner = process(),
    OfOwner = monitor(process, Owner),
    Port = in(Owner, fun linkspan_echo_port:open/0),
    OfPort = monitor(port, Port),
    _ = Fun(Port, Owner),
    ?assertEqual({badsig, badsig}, {down(OfOwner), down(OfPort)}).

the_owner_fails_with_badsig_if_a_command_is_not_in_its_name() ->
    badsig(fun(Port, _Owner) -> Port ! {self(), {command, call(2, <<"hi">>)}} end).

the_owner_fails_with_badsig_if_the_data_is_an_invalid_io_list() ->
    [
        badsig(fun(Port, Owner) -> Port ! {Owner, {command, Data}} end)
     || Data <- [data, 1, [256], [-1], ["tag" | tag], {<<"tag">>}, <<1:1>>]
    ].

the_owner_fails_with_badsig_if_a_close_is_not_in_its_name() ->
    badsig(fun(Port, _Owner) -> Port ! {self(), close} end).

the_owner_fails_with_badsig_if_a_connect_is_not_in_its_name() ->
    badsig(fun(Port, _Owner) -> Port ! {self(), {connect, self()}} end).

the_owner_fails_with_badsig_if_a_connect_names_no_process() ->
    [badsig(fun(Port, Owner) -> Port ! {Owner, {connect, New}} end) || New <- [new, open(), make_ref()]].

the_owner_fails_with_badsig_if_a_message_is_none_of_these() ->
    [
        badsig(fun(Port, Owner) -> Port ! Make(Owner) end)
     || Make <- [
            fun(_) -> junk end,
            fun(Owner) -> Owner end,
            fun(Owner) -> {Owner, junk} end,
            fun(Owner) -> {Owner, {junk, <<>>}} end,
            fun(Owner) -> {Owner, {command, <<>>, []}} end,
            fun(Owner) -> [Owner, close] end
        ]
    ].

badsig_is_a_message_to_an_owner_that_traps_exits_and_the_port_lives() ->
    process_flag(trap_exit, true),
    Port = open(),
    Port ! junk,
    ?assertEqual(badsig, exited(Port)),
    assert_alive(Port).

messages_to_a_closed_port_disappear_without_a_sound() ->
    Port = closed(),
    [
        ?assertEqual(Message, Port ! Message)
     || Message <- [{self(), {command, <<>>}}, {self(), {command, data}}, {self(), close}, {self(), {connect, self()}}, junk]
    ],
    assert_quiet(Port).

a_message_fails_with_badarg_only_if_there_is_no_such_name() ->
    ?assertError(badarg, linkspan_no_such_port ! {self(), close}).

exit_comes_when_the_port_has_terminated_for_some_reason() ->
    process_flag(trap_exit, true),
    Port = open(),
    true = port_command(Port, call(5, <<"boom">>)),
    <<?REPLY, 3:16, ?TAG, 3, "boom at ", Place/binary>> = received(Port),
    ?assertEqual(<<?ENDED, 3, "boom at ", Place/binary>>, received(Port)),
    ?assertEqual({panic, <<"boom at ", Place/binary>>}, exited(Port)),
    ?assertEqual(undefined, erlang:port_info(Port)).
