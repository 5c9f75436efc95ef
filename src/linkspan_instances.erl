%% The instances of this node, and what is known of each: for tables and statistics.
-module(linkspan_instances).

-include("linkspan.hrl").

-export([info/1, all/0, infos/0]).
-export_type([row/0]).

%% An instance with what it ends with, and the name of its server.
-type row() :: {linkspan_keeper:key(), #linkspan{}, linkspan_keeper:name()}.

%% How long an instance may take to tell, in milliseconds. Only a program that is stopped, or hangs in an operation
%% that it calls short, needs longer.
-define(PATIENCE, 1000).
%% So many are asked at a time.
-define(AT_A_TIME, 1000).

%% What is known of one.
-spec info(#linkspan{}) -> linkspan:info() | {error, linkspan:reason()}.
info(#linkspan{host = Host, service = Service, path = Path, hash = Hash} = Instance) ->
    case Host:info(Instance) of
        {ok, Body, Own} ->
            Names = maps:filter(fun(Name, _) -> is_binary(Name) end, linkspan_frame:operations(Instance)),
            Known = #{service => Service, library => #{path => Path, hash => Hash}, operations => Names},
            try linkspan_frame:info(Instance, Body) of
                Told -> maps:merge(maps:merge(Known, Own), Told)
            catch
                %% Programs of another make may say anything.
                error:_ -> {error, {protocol, <<"an info that is none">>}}
            end;
        {lanes, Lanes} ->
            lanes([info(Lane) || Lane <- Lanes]);
        {error, Reason} ->
            {error, Reason}
    end.

%% What is the same in all lanes, the sums, and each lane. Quantiles of different instances cannot be added up.
lanes(Infos) ->
    case [Info || #{} = Info <- Infos] of
        [#{state := State} = First | _] = Told ->
            Same = maps:with([service, host, library, operations], First),
            Same#{state => State, queue => sums(queue, Told), counts => sums(counts, Told), lanes => Told};
        [] ->
            hd(Infos)
    end.

sums(Key, Infos) ->
    Add = fun(_Name, One, Other) -> One + Other end,
    lists:foldl(fun(Info, Sums) -> maps:merge_with(Add, map_get(Key, Info), Sums) end, #{}, Infos).

%% Every instance that has not ended: the keeper's, and those behind plain ports of the driver.
-spec all() -> [row()].
all() ->
    %% Ports first: one that the client opens meanwhile is then among the keeper's as well.
    Ports = erlang:ports(),
    Known = linkspan_keeper:all(),
    Registered = maps:from_keys([port(Instance) || {_, Instance, _} <- Known], []),
    %% Each lane has a row of its own.
    [Row || {_, #linkspan{host = Host}, _} = Row <- Known, Host =/= linkspan_lanes] ++
        lists:flatmap(fun plain/1, [Port || Port <- Ports, not is_map_key(Port, Registered)]).

port(#linkspan{target = #linkspan{} = Behind}) -> port(Behind);
port(#linkspan{target = Target}) -> Target.

%% A plain port, if it is one of the driver's. The keeper's own has no instance worth a word.
plain(Port) ->
    case erlang:port_info(Port, name) of
        {name, "linkspan"} -> plain(Port, <<>>);
        {name, "linkspan " ++ Command} -> plain(Port, unicode:characters_to_binary(hd(string:split(Command, " "))));
        _ -> []
    end.

plain(Port, Service) ->
    case erlang:port_info(Port, connected) of
        undefined ->
            [];
        {connected, Owner} ->
            case Owner =:= whereis(linkspan_keeper) of
                true -> [];
                false -> [{Port, linkspan_driver:plain(Port, Service), undefined}]
            end
    end.

%% What each of them tells; no_answer from one that hangs. One that ends meanwhile is left out.
-spec infos() -> [{row(), linkspan:info() | no_answer}].
infos() ->
    infos(all()).

infos([]) ->
    [];
infos(Rows) ->
    {Now, Later} = lists:split(min(?AT_A_TIME, length(Rows)), Rows),
    Asked = [{Row, ask(Instance)} || {_, Instance, _} = Row <- Now],
    Deadline = erlang:monotonic_time(millisecond) + ?PATIENCE,
    lists:flatmap(fun({Row, Asking}) -> told(Row, Asking, Deadline) end, Asked) ++ infos(Later).

%% Each by a process of its own, so that none keeps the others waiting.
ask(Instance) ->
    spawn_monitor(fun() ->
        case try_info(Instance) of
            {error, Reason} when Reason =/= timeout -> ok;
            Told -> exit({told, Told})
        end
    end).

try_info(Instance) ->
    try
        info(Instance)
    catch
        %% A port that nothing was ever opened on.
        error:badarg -> {error, closed}
    end.

told(Row, {Process, Monitor}, Deadline) ->
    receive
        {'DOWN', Monitor, process, Process, {told, #{} = Info}} -> [{Row, Info}];
        {'DOWN', Monitor, process, Process, {told, {error, timeout}}} -> [{Row, no_answer}];
        {'DOWN', Monitor, process, Process, _Ended} -> []
    after max(0, Deadline - erlang:monotonic_time(millisecond)) ->
        true = exit(Process, kill),
        true = erlang:demonitor(Monitor, [flush]),
        [{Row, no_answer}]
    end.
