%% Answers in parts, as their reader sees them: linkspan:stream/4, next/2 and close_stream/1.
%%
%% The parts are messages to the process that has opened the stream, as many as its window has room for. Which of its
%% streams are open is in its dictionary, so that an old copy of one that has ended harms nobody.
-module(linkspan_stream).

-include("linkspan.hrl").
-include("linkspan_frame.hrl").

-export([open/4, next/2, close/1]).
-export_type([stream/0]).

-define(DEFAULT_WINDOW, 16).
-define(MOST, 16#FFFFFFFF).

-record(stream, {
    %% The instance that answers.
    instance :: #linkspan{},
    reference :: reference(),
    %% What was asked, until the queue has accepted it: it may have to be asked again.
    asked :: {non_neg_integer(), iodata()} | undefined,
    window :: pos_integer(),
    %% Parts taken since the service has been told last.
    taken = 0 :: non_neg_integer()
}).

-opaque stream() :: #stream{}.

-spec open(#linkspan{}, non_neg_integer(), iodata(), [linkspan:stream_option()]) ->
    {ok, stream()} | {error, linkspan:reason()}.
open(Instance, Operation, Body, Options) ->
    ask(Instance, Operation, Body, window(Options)).

ask(#linkspan{host = Host} = Instance, Operation, Body, Window) ->
    case Host:stream(Instance, Operation, Body, Window) of
        {ok, Answering, Reference} ->
            _ = put({?MODULE, Reference}, open),
            {ok, #stream{instance = Answering, reference = Reference, asked = {Operation, Body}, window = Window}};
        {error, Reason} ->
            {error, Reason}
    end.

window([]) -> ?DEFAULT_WINDOW;
window([{window, Window}]) when is_integer(Window), Window > 0, Window =< ?MOST -> Window;
window([{window, _} | _]) -> erlang:error({bad_option, window, "is to be the number of parts, given once"});
window([{Name, _} | _]) -> erlang:error({bad_option, Name, "is unknown"});
window([Other | _]) -> erlang:error({bad_option, Other, "is no pair"});
window(_Options) -> erlang:error(badarg).

-spec next(stream(), timeout()) -> {ok, binary(), stream()} | done | {error, linkspan:reason()}.
next(#stream{reference = Reference} = Stream, Timeout) ->
    case get({?MODULE, Reference}) of
        open -> await(Stream, Timeout);
        undefined -> {error, closed}
    end.

await(#stream{instance = #linkspan{full = Full}, reference = Reference, asked = Asked} = Stream, Timeout) ->
    receive
        {Reference, ?PART, Part} ->
            {ok, Part, taken(Stream)};
        {Reference, ?BUSY, <<>>} when Full =:= wait, Asked =/= undefined ->
            ok = ended(Stream),
            ask_again(Stream, Timeout);
        {Reference, ?OK, <<>>} ->
            ok = ended(Stream),
            done;
        {Reference, Status, Body} ->
            ok = ended(Stream),
            {error, linkspan_reason:reason(Status, Body)};
        {'DOWN', Reference, process, _, Reason} ->
            ok = ended(Stream),
            {error, linkspan_reason:from_exit(Reason)}
    after Timeout ->
        ok = withdraw(Stream),
        {error, timeout}
    end.

%% The service is told at half of the window: each time would cost a message, at its end the service would wait.
taken(#stream{instance = #linkspan{host = Host} = Instance, reference = Reference, window = Window} = Stream) ->
    case Stream#stream.taken + 1 of
        Taken when 2 * Taken >= Window ->
            ok = Host:credit(Instance, Reference, Taken),
            Stream#stream{taken = 0, asked = undefined};
        Taken ->
            Stream#stream{taken = Taken, asked = undefined}
    end.

%% The queue was full.
ask_again(#stream{instance = Instance, asked = {Operation, Body}, window = Window}, Timeout) ->
    Deadline = linkspan_deadline:from(Timeout),
    Retry = fun(_Left) -> ask(Instance, Operation, Body, Window) end,
    case linkspan:when_room(Instance, Body, Timeout, Retry) of
        {ok, Stream} -> await(Stream, linkspan_deadline:left(Deadline));
        {error, Reason} -> {error, Reason}
    end.

-spec close(stream()) -> ok.
close(#stream{reference = Reference} = Stream) ->
    case get({?MODULE, Reference}) of
        open -> withdraw(Stream);
        undefined -> ok
    end.

withdraw(#stream{instance = #linkspan{host = Host} = Instance, reference = Reference} = Stream) ->
    case Host:withdraw(Instance, Reference) of
        withdrawn -> flush(Reference);
        ending -> drain(Reference)
    end,
    ended(Stream).

%% Nothing comes any more: drops what has come.
flush(Reference) ->
    receive
        {Reference, _Status, _Body} -> flush(Reference)
    after 0 -> ok
    end.

%% The last message is there or on its way.
drain(Reference) ->
    receive
        {Reference, ?PART, _Part} -> drain(Reference);
        {Reference, _Status, _Body} -> ok
    end.

ended(#stream{reference = Reference}) ->
    _ = erase({?MODULE, Reference}),
    _ = erlang:demonitor(Reference, [flush]),
    ok.
