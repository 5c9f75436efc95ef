%% Requests whose answer is fetched later, as gen_server:send_request/2 makes them. Which of its requests are open is in a
%% process's dictionary: nothing is waited for that has been fetched.
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
        {ok, Reference} -> opened(#request{instance = Bare, reference = Reference});
        {error, Reason} -> refused(Reason)
    end.

%% A request that nobody got. The answer is a message as any other, for those who wait for messages.
-spec refused(linkspan:reason()) -> id().
refused(Reason) ->
    Reference = make_ref(),
    self() ! {Reference, {error, Reason}},
    opened(#request{reference = Reference}).

opened(#request{reference = Reference} = Request) ->
    _ = put({?MODULE, Reference}, open),
    Request.

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

withdraw(#request{reference = Reference} = Request, Withdrawn) ->
    case erase({?MODULE, Reference}) of
        open ->
            case wait_response(Request, patience(Request)) of
                {reply, Result} -> {reply, Result};
                timeout -> Withdrawn
            end;
        undefined ->
            Withdrawn
    end.

%% How long the answer may be on its way. What had come before counts in any case.
patience(#request{instance = undefined}) ->
    0;
patience(#request{instance = #linkspan{host = Host} = Instance, reference = Reference}) ->
    case Host:withdraw(Instance, Reference) of
        withdrawn -> 0;
        ending -> infinity
    end.

reply({Reference, Status, Body}) -> fetched(Reference, linkspan_reason:result(Status, Body));
reply({Reference, {error, Reason}}) -> fetched(Reference, {error, Reason});
reply({'DOWN', Reference, process, _Owner, Reason}) -> fetched(Reference, {error, linkspan_reason:from_exit(Reason)}).

fetched(Reference, Result) ->
    _ = erase({?MODULE, Reference}),
    {reply, Result}.
