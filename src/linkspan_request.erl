%% Requests whose answer is fetched later, as gen_server:send_request/2 makes them.
-module(linkspan_request).

-include("linkspan.hrl").

-export([send/3, refused/1, receive_response/2, wait_response/2, check_response/2, cancel/1]).
-export_type([id/0, result/0]).

%% The instance that has the request; none if it never got so far.
-record(request, {instance :: #linkspan{} | undefined, reference :: reference()}).

-opaque id() :: #request{}.
%% What a call would have returned.
-type result() :: {ok, binary()} | {error, linkspan:reason()}.

-spec send(#linkspan{}, non_neg_integer(), iodata()) -> id().
send(Instance, Operation, Body) ->
    #linkspan{host = Host} = Bare = linkspan_host:bare(Instance),
    case Host:send_request(Bare, Operation, Body) of
        {ok, Reference} -> #request{instance = Bare, reference = Reference};
        {error, Reason} -> refused(Reason)
    end.

%% A request that nobody got. The answer is a message as any other, for those who wait for messages.
-spec refused(linkspan:reason()) -> id().
refused(Reason) ->
    Reference = make_ref(),
    self() ! {Reference, {error, Reason}},
    #request{reference = Reference}.

%% Waits for the answer. When the time is over the request is given up, and nothing comes.
-spec receive_response(id(), timeout()) -> {reply, result()} | timeout.
receive_response(#request{} = Request, Timeout) ->
    case wait_response(Request, Timeout) of
        {reply, Result} -> {reply, Result};
        timeout -> withdraw(Request, timeout)
    end.

%% Waits for the answer. When the time is over one may wait again.
-spec wait_response(id(), timeout()) -> {reply, result()} | timeout.
wait_response(#request{reference = Reference}, Timeout) ->
    receive
        Message when element(1, Message) =:= Reference; element(2, Message) =:= Reference -> reply(Message)
    after Timeout -> timeout
    end.

%% Whether a message is the answer.
-spec check_response(term(), id()) -> {reply, result()} | no_reply.
check_response(Message, #request{reference = Reference}) when
    element(1, Message) =:= Reference; element(2, Message) =:= Reference
->
    reply(Message);
check_response(_Message, #request{}) ->
    no_reply.

%% Gives the request up: nothing comes, unless the answer has come before.
-spec cancel(id()) -> {error, cancelled} | {reply, result()}.
cancel(#request{} = Request) ->
    withdraw(Request, {error, cancelled}).

withdraw(#request{instance = undefined} = Request, Withdrawn) ->
    case wait_response(Request, 0) of
        {reply, Result} -> {reply, Result};
        %% It has been fetched.
        timeout -> Withdrawn
    end;
withdraw(#request{instance = #linkspan{host = Host} = Instance, reference = Reference} = Request, Withdrawn) ->
    Patience =
        case Host:withdraw(Instance, Reference) of
            %% What had come before counts.
            withdrawn -> 0;
            %% It is on its way, unless it has been fetched.
            ending -> ?DEFAULT_TIMEOUT
        end,
    case wait_response(Request, Patience) of
        {reply, Result} -> {reply, Result};
        timeout -> Withdrawn
    end.

reply({_Reference, Status, Body}) -> {reply, linkspan_reason:result(Status, Body)};
reply({_Reference, {error, Reason}}) -> {reply, {error, Reason}};
reply({'DOWN', _Reference, process, _Owner, Reason}) -> {reply, {error, linkspan_reason:from_exit(Reason)}}.
