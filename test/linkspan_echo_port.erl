%% Ports of the driver with the service echo, as tests open them, and waiting for what they send.
-module(linkspan_echo_port).

-include_lib("eunit/include/eunit.hrl").
-include("linkspan_echo_port.hrl").

-compile(export_all).
-compile(nowarn_export_all).

-define(BOUND, 10000).

%% A test of each exported function without arguments, each in a process of its own: what one leaves in its mailbox, or
%% linked, does not concern the next.
each(Module) ->
    {setup, fun load/0, fun(_) -> ok end, [
        {spawn, {timeout, 60, {words(Name), fun Module:Name/0}}}
     || {Name, 0} <- Module:module_info(exports), is_test(atom_to_list(Name))
    ]}.

load() ->
    %% The VM reports each command that is no iodata, besides what it does about it.
    _ = logger:add_primary_filter(?MODULE, {fun ?MODULE:unreported/2, []}),
    ok = linkspan:load().

unreported(#{msg := {_Format, ["Bad value on output port" ++ _]}}, _) -> stop;
unreported(_Event, _) -> ignore.

is_test("module_info") -> false;
is_test(Name) -> not lists:suffix("test", Name) andalso not lists:suffix("test_", Name).

words(Name) -> [case Char of $_ -> $\s; _ -> Char end || Char <- atom_to_list(Name)].

open() -> open([binary]).

open(Settings) -> open_port({spawn_driver, "linkspan echo"}, Settings).

%% A port that was open once.
closed() ->
    Port = open(),
    true = port_close(Port),
    _ = trapped(Port),
    Port.

%% Frames.

call(Operation, Body) -> call(<<?TAG>>, Operation, Body).

call(Tag, Operation, Body) -> [<<?CALL, (byte_size(Tag)):16>>, Tag, <<Operation:32, ?FOREVER:32>>, Body].

cast(Operation, Body) -> [<<?CAST, 0:16, Operation:32>>, Body].

cancel(Tag) -> [<<?CANCEL, (byte_size(Tag)):16>>, Tag].

reply(Status, Body) -> reply(<<?TAG>>, Status, Body).

reply(Tag, Status, Body) -> <<?REPLY, (byte_size(Tag)):16, Tag/binary, Status, Body/binary>>.

%% By port_control/3. The service starts behind open_port/2: until then a request is deferred.
control(Port, Operation, Body) ->
    case port_control(Port, Operation, Body) of
        [?DEFERRED | _Id] ->
            receive
            after 1 -> control(Port, Operation, Body)
            end;
        Answer ->
            Answer
    end.

%% Whether the port's service answers.
assert_alive(Port) -> ?assertEqual(<<"alive">>, control(Port, 1, <<"alive">>)).

%% Work that goes on until it is told to stop, and has begun.
spin(Port) ->
    true = port_command(Port, call(<<"spin">>, 4, <<"86400000000">>)),
    until(fun() ->
        <<_State, Open:64, _Bytes:64, _Inline:64, Deferred:64, _/binary>> = port_control(Port, 16#C0000006, <<>>),
        {Open, Deferred > 0} =:= {1, true}
    end).

%% What comes.

received(Port) ->
    receive
        {Port, {data, Data}} -> Data
    after ?BOUND -> error(nothing_received)
    end.

received_message() ->
    receive
        Message -> Message
    after ?BOUND -> error(nothing_received)
    end.

exited(Port) ->
    receive
        {'EXIT', Port, Reason} -> Reason
    after ?BOUND -> error(no_exit)
    end.

down(Monitor) ->
    receive
        {'DOWN', Monitor, _Type, _Object, Reason} -> Reason
    after ?BOUND -> error(no_down)
    end.

%% The exit signal of a port that the caller may be linked to, if it traps exits.
trapped(Port) ->
    receive
        {'EXIT', Port, Reason} -> Reason
    after 0 -> nothing
    end.

%% Nothing is in the mailbox, and what signals were on their way from the port have arrived.
assert_quiet(Port) ->
    _ = erlang:port_info(Port, id),
    ?assertEqual({messages, []}, process_info(self(), messages)).

until(Fun) -> until(Fun, erlang:monotonic_time(millisecond) + ?BOUND).

until(Fun, Deadline) ->
    case Fun() of
        true ->
            true;
        _ ->
            erlang:monotonic_time(millisecond) < Deadline orelse error(still_not_so),
            receive
            after 1 -> until(Fun, Deadline)
            end
    end.

%% A process that does as it is told, and ends with its maker at the latest.
process() ->
    Maker = self(),
    spawn(fun() -> obey(monitor(process, Maker)) end).

obey(Monitor) ->
    receive
        {do, Fun, From, Tag} ->
            From ! {Tag, Fun()},
            obey(Monitor);
        {exit, Reason} ->
            exit(Reason);
        {'DOWN', Monitor, process, _, _} ->
            gone
    end.

in(Process, Fun) ->
    Tag = make_ref(),
    Process ! {do, Fun, self(), Tag},
    receive
        {Tag, Result} -> Result
    after ?BOUND -> error(no_answer)
    end.
