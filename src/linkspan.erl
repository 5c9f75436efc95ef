%% Linkspan's client: opens instances of native services and talks to them, whichever host they run in.
%%
%% A server is an instance as open/1 gives it, the pid of a process made by start_link/1, or its name. One long file: it
%% is the door, and has little but types, specs and what they mean.
-module(linkspan).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([load/0, start_link/1, stop/1, stop/3, child_spec/1]).
-export([open/1, close/1, call/2, call/3, call/4, cast/2, cast/3, handle/1, lane/2, connect/2, info/1, service/1]).
-export([send_request/3, receive_response/2, wait_response/2, check_response/2, cancel/1]).
-export([stream/3, stream/4, next/2, close_stream/1]).
-export([instances/0, table/0]).
%% For modules of typed services.
-export([start_link/2, open/2, call_term/4, cast_term/3, stream_term/4, next_term/2]).
%% For decorators of hosts.
-export([when_room/4]).
-export_type([request_id/0, stream/0, stream_option/0]).
-export_type([instance/0, server/0, operation/0, reason/0, info/0, lanes_info/0, times/0]).

%% What is a time-out: it must fit into a frame.
-define(IS_TIMEOUT(Timeout),
    (Timeout =:= infinity orelse (is_integer(Timeout) andalso Timeout >= 0 andalso Timeout < 16#FFFFFFFF))
).

-opaque instance() :: #linkspan{}.
%% A request whose answer is fetched later, by the process that sent it.
-type request_id() :: linkspan_request:id().
-opaque stream() :: linkspan_stream:stream().
%% Parts that may be under way at once; 16 unless said otherwise.
-type stream_option() :: {window, 1..16#FFFFFFFF}.
-type server() ::
    instance()
    | pid()
    | atom()
    | {global, term()}
    | {via, module(), term()}
    %% What handle/1 and lane/2 return if there is none.
    | {error, closed}.
%% The number of an operation, or its name.
-type operation() :: non_neg_integer() | atom() | string() | binary().
%% Why something failed; the same in every host.
-type reason() ::
    {service, Code :: non_neg_integer(), Message :: binary()}
    | {panic, Message :: binary()}
    | {unknown_operation, operation()}
    | {bad_request, Why :: binary()}
    | timeout
    | cancelled
    | busy
    | closed
    %% unknown: the pipe broke under a request before the status was known.
    | {exit, Status :: non_neg_integer() | unknown}
    | {signal, Number :: pos_integer()}
    | {protocol, Why :: binary()}
    | {library_missing, Path :: binary(), Why :: binary()}
    | {not_a_library, Path :: binary(), Why :: binary()}
    | {wrong_abi, Path :: binary(), Found :: non_neg_integer(), Expected :: non_neg_integer()}
    | {unknown_service, Path :: binary(), Service :: binary(), Known :: binary()}
    %% The executable that the option `program` names.
    | {program_missing, Path :: binary(), Why :: binary()}
    | {open_port, Reason :: term()}
    %% The system refuses a thread, or the VM a process.
    | {system_limit, Why :: binary()}
    %% Lanes are for services that declare themselves independent.
    | {not_independent, Service :: binary()}
    %% The application linkspan is not started.
    | not_started.

%% What is known of an instance. Programs of another make than linkspan's may leave out what is optional.
-type info() :: #{
    service := binary(),
    host := linkspan_options:host(),
    %% Path, and SHA-256 of the content in hexadecimal; both empty behind a plain port.
    library := #{path := binary(), hash := binary()},
    %% The numbers of its operations by name.
    operations := #{binary() => non_neg_integer()},
    state := starting | open | closing | closed,
    %% The process that it belongs to and ends with.
    owner := pid() | undefined,
    port => port(),
    os_pid => non_neg_integer(),
    %% In the nif host: what runs requests that do not run inline.
    deferred => linkspan_options:deferred(),
    %% Requests that are open and bytes of their bodies, and how many may be at once.
    queue := #{
        requests := non_neg_integer(),
        bytes := non_neg_integer(),
        limit := pos_integer(),
        bytes_limit := pos_integer()
    },
    counts := #{
        %% Requests run on their caller's scheduler thread, and on a worker.
        inline := non_neg_integer(),
        deferred := non_neg_integer(),
        %% Requests that the service refused or could not read, and unknown operations.
        errors := non_neg_integer(),
        panics := non_neg_integer(),
        %% Requests cancelled, or expired, before they were answered.
        cancelled := non_neg_integer(),
        %% Requests refused because the queue was full.
        busy := non_neg_integer(),
        events := non_neg_integer(),
        %% Inline runs that held their thread for 1 ms of CPU time or more.
        overruns := non_neg_integer()
    },
    %% Of all operations together.
    overall := times(),
    %% Of each operation that has run, by its name; by its number where that is not known.
    times := #{binary() | non_neg_integer() => #{inline := times(), deferred := times()}}
}.
%% Of an instance of several lanes.
-type lanes_info() :: #{
    service := binary(),
    host := linkspan_options:host(),
    library := #{path := binary(), hash := binary()},
    operations := #{binary() => non_neg_integer()},
    state := starting | open | closing | closed,
    queue := #{atom() => non_neg_integer()},
    counts := #{atom() => non_neg_integer()},
    lanes := [info()]
}.
%% How often the service has worked, and how long: nanoseconds of wall time, without the time in the queue. The
%% maximum is exact, median and 99th percentile to a sixteenth. All 0 if it never has.
-type times() :: #{
    count := non_neg_integer(),
    p50 := non_neg_integer(),
    p99 := non_neg_integer(),
    max := non_neg_integer()
}.

%% Starts the application, and with it loads the native code. After this, plain
%% open_port({spawn_driver, "linkspan SERVICE ARGUMENT"}, [binary]) works.
-spec load() -> ok | {error, term()}.
load() ->
    case application:ensure_all_started(linkspan) of
        {ok, _Started} -> ok;
        {error, Reason} -> {error, Reason}
    end.

%% Starts a process that owns an instance, linked to the caller. Returns when the service has started; its error
%% otherwise. Wrong options raise {bad_option, Name, What}.
-spec start_link([linkspan_options:option()]) -> {ok, pid()} | {error, {already_started, pid()} | reason()}.
start_link(Options) ->
    Read = linkspan_options:read(Options),
    when_started(fun() -> linkspan_owner:start_link(Read) end).

%% Stops a server and closes its instance.
-spec stop(server()) -> ok.
stop(Server) ->
    stop(Server, normal, infinity).

%% As gen_server:stop/3.
-spec stop(server(), Reason :: term(), timeout()) -> ok.
stop(#linkspan{} = Instance, _Reason, _Timeout) ->
    close(Instance);
stop(Server, Reason, Timeout) ->
    gen_server:stop(Server, Reason, Timeout).

%% A child specification with the server's name, or the module, as its id.
-spec child_spec([linkspan_options:option()]) -> supervisor:child_spec().
child_spec(Options) ->
    Id = proplists:get_value(name, Options, ?MODULE),
    #{id => Id, start => {?MODULE, start_link, [Options]}}.

%% Opens an instance that belongs to the calling process and ends with it. Errors and options as start_link/1.
-spec open([linkspan_options:option()]) -> {ok, instance()} | {error, reason()}.
open(Options) ->
    #{host := Host} = Read = linkspan_options:read_unnamed(Options),
    when_started(fun() -> Host:open(Read) end).

when_started(Open) ->
    case whereis(linkspan_keeper) of
        undefined -> {error, not_started};
        _ -> Open()
    end.

%% Closes an instance. What it still has to do is dropped or told to stop.
-spec close(instance()) -> ok.
close(#linkspan{host = Host} = Instance) ->
    Host:close(Instance).

%% Calls an operation without a body.
-spec call(server(), operation()) -> {ok, binary()} | {error, reason()}.
call(Server, Operation) ->
    call(Server, Operation, <<>>, ?DEFAULT_TIMEOUT).

%% Calls an operation with the default time-out, 5000 ms.
-spec call(server(), operation(), iodata()) -> {ok, binary()} | {error, reason()}.
call(Server, Operation, Body) ->
    call(Server, Operation, Body, ?DEFAULT_TIMEOUT).

%% Asks and waits for the answer, at most Timeout milliseconds. After a time-out no answer comes any more, and the
%% work is told to stop. Raises badarg for a body that is no iodata or a time-out that is none.
-spec call(server(), operation(), iodata(), timeout()) -> {ok, binary()} | {error, reason()}.
call(#linkspan{host = Host} = Instance, Operation, Body, Timeout) when
    is_integer(Operation), Operation >= 0, Operation < ?OPERATION_LIMIT, ?IS_TIMEOUT(Timeout)
->
    Called =
        case Host of
            %% Named, they are called at once; a module in a variable is looked up.
            linkspan_driver -> linkspan_driver:call(Instance, Operation, Body, Timeout);
            linkspan_nif -> linkspan_nif:call(Instance, Operation, Body, Timeout);
            linkspan_program -> linkspan_program:call(Instance, Operation, Body, Timeout);
            _ -> Host:call(Instance, Operation, Body, Timeout)
        end,
    case Called of
        {error, busy} when Instance#linkspan.full =:= wait ->
            Retry = fun(Left) -> Host:call(Instance, Operation, Body, Left) end,
            when_room(Instance, Body, Timeout, Retry);
        Result ->
            Result
    end;
call(#linkspan{} = Instance, Operation, Body, Timeout) when ?IS_TIMEOUT(Timeout) ->
    case number(Instance, Operation) of
        {ok, Number} -> call(Instance, Number, Body, Timeout);
        error -> {error, {unknown_operation, Operation}}
    end;
call(Server, Operation, Body, Timeout) when ?IS_TIMEOUT(Timeout) ->
    case handle(Server) of
        #linkspan{} = Instance -> call(Instance, Operation, Body, Timeout);
        {error, closed} -> {error, closed}
    end;
call(Server, Operation, Body, Timeout) ->
    erlang:error(badarg, [Server, Operation, Body, Timeout]).

%% Sends a request without a body that nobody waits for.
-spec cast(server(), operation()) -> ok | {error, reason()}.
cast(Server, Operation) ->
    cast(Server, Operation, <<>>).

%% Sends a request that nobody waits for. Returns when it has been accepted: ok says nothing of how it went. If the
%% queue is full it waits for room, at most 5000 ms.
-spec cast(server(), operation(), iodata()) -> ok | {error, reason()}.
cast(#linkspan{host = Host} = Instance, Operation, Body) when
    is_integer(Operation), Operation >= 0, Operation < ?OPERATION_LIMIT
->
    case Host:cast(Instance, Operation, Body) of
        {error, busy} when Instance#linkspan.full =:= wait ->
            Retry = fun(_Left) -> Host:cast(Instance, Operation, Body) end,
            when_room(Instance, Body, ?DEFAULT_TIMEOUT, Retry);
        Result ->
            Result
    end;
cast(#linkspan{} = Instance, Operation, Body) ->
    case number(Instance, Operation) of
        {ok, Number} -> cast(Instance, Number, Body);
        error -> {error, {unknown_operation, Operation}}
    end;
cast(Server, Operation, Body) ->
    case handle(Server) of
        #linkspan{} = Instance -> cast(Instance, Operation, Body);
        {error, closed} -> {error, closed}
    end.

%% Asks without waiting, and never runs anything on the caller's scheduler: the answer is fetched by one of the functions
%% below, by the caller. A queue that is full answers busy, whatever the instance does about it in calls.
-spec send_request(server(), operation(), iodata()) -> request_id().
send_request(#linkspan{} = Instance, Operation, Body) when
    is_integer(Operation), Operation >= 0, Operation < ?OPERATION_LIMIT
->
    linkspan_request:send(Instance, Operation, Body);
send_request(#linkspan{} = Instance, Operation, Body) ->
    case number(Instance, Operation) of
        {ok, Number} -> send_request(Instance, Number, Body);
        error -> linkspan_request:refused({unknown_operation, Operation})
    end;
send_request(Server, Operation, Body) ->
    case handle(Server) of
        #linkspan{} = Instance -> send_request(Instance, Operation, Body);
        {error, closed} -> linkspan_request:refused(closed)
    end.

%% As gen_server:receive_response/2: after a time-out the request is given up, and its answer will not come.
-spec receive_response(request_id(), timeout()) -> {reply, linkspan_request:result()} | timeout.
receive_response(Request, Timeout) when ?IS_TIMEOUT(Timeout) ->
    linkspan_request:receive_response(Request, Timeout);
receive_response(Request, Timeout) ->
    erlang:error(badarg, [Request, Timeout]).

%% As gen_server:wait_response/2: after a time-out one may wait again.
-spec wait_response(request_id(), timeout()) -> {reply, linkspan_request:result()} | timeout.
wait_response(Request, Timeout) when ?IS_TIMEOUT(Timeout) ->
    linkspan_request:wait_response(Request, Timeout);
wait_response(Request, Timeout) ->
    erlang:error(badarg, [Request, Timeout]).

%% As gen_server:check_response/2: whether a message that the caller has received is the answer.
-spec check_response(Message :: term(), request_id()) -> {reply, linkspan_request:result()} | no_reply.
check_response(Message, Request) ->
    linkspan_request:check_response(Message, Request).

%% Gives a request up and tells its work to stop. No answer comes, unless it had come before: then this is it.
-spec cancel(request_id()) -> {error, cancelled} | {reply, linkspan_request:result()}.
cancel(Request) ->
    linkspan_request:cancel(Request).

%% Asks for an answer in parts, with the default window.
-spec stream(server(), operation(), iodata()) -> {ok, stream()} | {error, reason()}.
stream(Server, Operation, Body) ->
    stream(Server, Operation, Body, []).

%% Asks for an answer in parts. The service makes as many as the window has room for, and goes on as they are taken by
%% next/2: a slow reader slows it down. The stream is the calling process's, and ends with it; it should be read to
%% its end or closed. It holds a place in the queue until then.
-spec stream(server(), operation(), iodata(), [stream_option()]) -> {ok, stream()} | {error, reason()}.
stream(#linkspan{} = Instance, Operation, Body, Options) when
    is_integer(Operation), Operation >= 0, Operation < ?OPERATION_LIMIT
->
    linkspan_stream:open(Instance, Operation, Body, Options);
stream(#linkspan{} = Instance, Operation, Body, Options) ->
    case number(Instance, Operation) of
        {ok, Number} -> stream(Instance, Number, Body, Options);
        error -> {error, {unknown_operation, Operation}}
    end;
stream(Server, Operation, Body, Options) ->
    case handle(Server) of
        #linkspan{} = Instance -> stream(Instance, Operation, Body, Options);
        {error, closed} -> {error, closed}
    end.

%% Waits for the next part, at most Timeout milliseconds, and gives the stream to go on with. `done` and an error are
%% the end; after a time-out, too, nothing comes any more. A stream that the full queue has refused is asked for again
%% when there is room, within the time-out of the first next/2, if the instance was opened so.
-spec next(stream(), timeout()) -> {ok, binary(), stream()} | done | {error, reason()}.
next(Stream, Timeout) when ?IS_TIMEOUT(Timeout) ->
    linkspan_stream:next(Stream, Timeout);
next(Stream, Timeout) ->
    erlang:error(badarg, [Stream, Timeout]).

%% Ends a stream. What the service still had to say is dropped. Does nothing if the stream has ended.
-spec close_stream(stream()) -> ok.
close_stream(Stream) ->
    linkspan_stream:close(Stream).

%% As start_link/1, of a service that is to be what a module was made for.
-spec start_link([linkspan_options:option()], linkspan_typed:expected()) ->
    {ok, pid()} | {error, {already_started, pid()} | {library_changed, [binary()]} | reason()}.
start_link(Options, Expected) ->
    case start_link(Options) of
        {ok, Server} -> checked(Server, Expected, fun stop/1);
        {error, Reason} -> {error, Reason}
    end.

%% As open/1.
-spec open([linkspan_options:option()], linkspan_typed:expected()) ->
    {ok, instance()} | {error, {library_changed, [binary()]} | reason()}.
open(Options, Expected) ->
    case open(Options) of
        {ok, Instance} -> checked(Instance, Expected, fun close/1);
        {error, Reason} -> {error, Reason}
    end.

checked(Server, Expected, GiveUp) ->
    case linkspan_typed:check(handle(Server), Expected) of
        ok ->
            {ok, Server};
        {error, Reason} ->
            ok =
                try
                    GiveUp(Server)
                catch
                    %% It has ended meanwhile.
                    exit:_ -> ok
                end,
            {error, Reason}
    end.

%% As call/4, of a typed operation: arguments are a tuple, the answer a term.
-spec call_term(server(), non_neg_integer(), tuple(), timeout()) -> {ok, term()} | {error, reason()}.
call_term(#linkspan{} = Instance, Operation, Arguments, Timeout) when
    is_integer(Operation), Operation >= 0, Operation < ?OPERATION_LIMIT, ?IS_TIMEOUT(Timeout)
->
    linkspan_typed:call(Instance, Operation, Arguments, Timeout);
call_term(Server, Operation, Arguments, Timeout) when not is_record(Server, linkspan), ?IS_TIMEOUT(Timeout) ->
    case handle(Server) of
        #linkspan{} = Instance -> call_term(Instance, Operation, Arguments, Timeout);
        {error, closed} -> {error, closed}
    end;
call_term(Server, Operation, Arguments, Timeout) ->
    erlang:error(badarg, [Server, Operation, Arguments, Timeout]).

%% As cast/3, of a typed operation.
-spec cast_term(server(), non_neg_integer(), tuple()) -> ok | {error, reason()}.
cast_term(Server, Operation, Arguments) ->
    cast(Server, Operation, linkspan_typed:encode(Arguments)).

%% As stream/4, of a typed operation: its parts are terms, by next_term/2.
-spec stream_term(server(), non_neg_integer(), tuple(), [stream_option()]) -> {ok, stream()} | {error, reason()}.
stream_term(Server, Operation, Arguments, Options) ->
    stream(Server, Operation, linkspan_typed:encode(Arguments), Options).

%% As next/2, of a typed operation. A part that is no term ends the stream.
-spec next_term(stream(), timeout()) -> {ok, term(), stream()} | done | {error, reason()}.
next_term(Stream, Timeout) ->
    case next(Stream, Timeout) of
        {ok, Part, Rest} ->
            case linkspan_typed:decode(Part) of
                {ok, Term} -> {ok, Term, Rest};
                {error, Reason} ->
                    ok = close_stream(Rest),
                    {error, Reason}
            end;
        Ended ->
            Ended
    end.

%% The instance behind a server. Worth while before a loop of many calls: it is looked up once.
-spec handle(server()) -> instance() | {error, closed}.
handle(#linkspan{} = Instance) ->
    Instance;
handle(Server) ->
    case whereis_server(Server) of
        undefined ->
            {error, closed};
        Pid ->
            case linkspan_keeper:lookup(Pid) of
                undefined -> {error, closed};
                Instance -> Instance
            end
    end.

%% The lane of a server that a key is pinned to: requests with the same key are handled in the order in which one
%% caller sends them. An instance without lanes is its only one.
-spec lane(server(), Key :: term()) -> instance() | {error, closed}.
lane(Server, Key) ->
    case handle(Server) of
        #linkspan{} = Instance -> linkspan_lanes:lane(Instance, Key);
        {error, closed} -> {error, closed}
    end.

%% Makes Pid, a process of this node, the owner of an instance that the caller opened: it is linked to Pid now, ends
%% with it, and is no longer linked to the caller. Events go on to whom they went.
-spec connect(instance(), pid()) -> ok | {error, linkspan_host:not_connected()}.
connect(#linkspan{host = Host} = Instance, Pid) when is_pid(Pid), node(Pid) =:= node() ->
    Host:connect(Instance, Pid);
connect(Instance, Pid) ->
    erlang:error(badarg, [Instance, Pid]).

%% What is known of an instance. Waits for nothing that the instance does.
%% An instance of several lanes tells the sums of their queues and counts, and under `lanes` the info of each.
-spec info(server()) -> info() | lanes_info() | {error, reason()}.
info(#linkspan{} = Instance) ->
    linkspan_instances:info(Instance);
info(Server) ->
    case handle(Server) of
        #linkspan{} = Instance -> info(Instance);
        {error, closed} -> {error, closed}
    end.

%% All instances of this node: those of the client in every host, and those behind plain ports of the driver, whose
%% operations go by number. Plain ports of the program are known to their owners alone.
-spec instances() -> [instance()].
instances() ->
    [Instance || {_, Instance, _} <- linkspan_instances:all()].

%% Prints a table of all instances of this node: one line each and one for the sum, to the group leader.
-spec table() -> ok.
table() ->
    linkspan_table:print().

%% The name of the service behind a server.
-spec service(server()) -> binary() | undefined.
service(Server) ->
    case handle(Server) of
        #linkspan{service = Service} -> Service;
        {error, closed} -> undefined
    end.

whereis_server(Pid) when is_pid(Pid) -> Pid;
%% What handle/1 and lane/2 make of a server that is gone.
whereis_server({error, closed}) -> undefined;
whereis_server(Name) when is_atom(Name) -> whereis(Name);
whereis_server({global, Name}) -> global:whereis_name(Name);
whereis_server({via, Module, Name}) -> Module:whereis_name(Name);
whereis_server(Other) -> erlang:error(badarg, [Other]).

number(Instance, Operation) ->
    case linkspan_frame:operations(Instance) of
        #{Operation := Number} -> {ok, Number};
        #{} = Known when is_atom(Operation) -> maps:find(atom_to_binary(Operation), Known);
        #{} = Known when is_list(Operation) -> maps:find(unicode:characters_to_binary(Operation), Known);
        #{} -> error
    end.

%% Waits for room in a full queue and tries again, until the time is over.
-spec when_room(#linkspan{}, iodata(), timeout(), fun((timeout()) -> Result | {error, busy})) ->
    Result | {error, reason()}.
when_room(#linkspan{host = Host} = Instance, Body, Timeout, Retry) ->
    Wanted = iolist_size(Body),
    Deadline = linkspan_deadline:from(Timeout),
    case Host:await_room(Instance, Wanted, Timeout) of
        ok ->
            case Retry(linkspan_deadline:left(Deadline)) of
                {error, busy} -> when_room(Instance, Body, linkspan_deadline:left(Deadline), Retry);
                Result -> Result
            end;
        {error, Reason} ->
            {error, Reason}
    end.
