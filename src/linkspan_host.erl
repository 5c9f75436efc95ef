%% What each host provides. Hosts: driver, nif, program. Nothing outside a host asks which host it is.
-module(linkspan_host).

-include("linkspan.hrl").

-export([module/1, name/1, shown/2, bare/1]).
-export_type([not_connected/0]).

%% Why an instance keeps its owner.
-type not_connected() :: not_owner | noproc | closed.

%% Opens an instance that belongs to the calling process.
-callback open(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
%% Opens an instance for a server process, which calls this and handles the messages that handle_info/2 knows.
-callback own(linkspan_options:options()) -> {ok, #linkspan{}} | {error, linkspan:reason()}.
%% What a message to the server means: nothing, an event for whoever listens, or the end.
-callback handle_info(term(), #linkspan{}) -> ok | {event, binary()} | {stop, term()}.
%% The request is one that the queue may refuse: then {error, busy}.
-callback call(#linkspan{}, non_neg_integer(), iodata(), timeout()) ->
    {ok, binary()} | {error, linkspan:reason()}.
%% As call, with terms.
-callback call_term(#linkspan{}, non_neg_integer(), term(), timeout()) -> {ok, term()} | {error, linkspan:reason()}.
-callback cast(#linkspan{}, non_neg_integer(), iodata()) -> ok | {error, linkspan:reason()}.
%% Asks without waiting. The answer comes to the caller as {Reference, Status, Body}, or as the {'DOWN', Reference, ...} of
%% the owner; a full queue answers busy.
-callback send_request(#linkspan{}, non_neg_integer(), iodata()) -> {ok, reference()} | {error, linkspan:reason()}.
%% Asks for an answer in parts, with room for so many. Gives the instance that answers, which may be one behind this
%% one, and a reference: the caller gets {Reference, 15, Part} and at last {Reference, Status, Body}, or, where that
%% is a monitor, {'DOWN', Reference, process, _, Reason}.
-callback stream(#linkspan{}, non_neg_integer(), iodata(), pos_integer()) ->
    {ok, #linkspan{}, reference()} | {error, linkspan:reason()}.
%% Makes room for more parts. This and withdraw/2 are asked of the instance that answers.
-callback credit(#linkspan{}, reference(), pos_integer()) -> ok.
%% Gives a request or a stream up: `withdrawn` if nothing will come any more, `ending` if its last message is there or on its way.
-callback withdraw(#linkspan{}, reference()) -> withdrawn | ending.
%% Decorators need them not: see bare/1.
-optional_callbacks([send_request/3, credit/3, withdraw/2]).
%% Waits until the queue may have room for a body of so many bytes.
-callback await_room(#linkspan{}, non_neg_integer(), timeout()) -> ok | {error, linkspan:reason()}.
%% The record of docs/frame.md and what the host knows itself; or the instances that have it.
-callback info(#linkspan{}) -> {ok, binary(), map()} | {lanes, [#linkspan{}]} | {error, linkspan:reason()}.
%% What a typed service says of itself, a term in the external format; nothing if it is not typed.
-callback describe(#linkspan{}) -> {ok, binary()} | {error, linkspan:reason()}.
%% Makes another process the owner; the caller, who is that so far, is linked no more.
-callback connect(#linkspan{}, pid()) -> ok | {error, not_connected()}.
-callback close(#linkspan{}) -> ok.
%% The server ends: gives up what its end alone would not end at once.
-callback release(#linkspan{}) -> ok.

%% The module of a host.
-spec module(linkspan_options:host()) -> module().
module(driver) -> linkspan_driver;
module(nif) -> linkspan_nif;
module(program) -> linkspan_program.

%% The name of a host, for people and programs.
-spec name(module()) -> linkspan_options:host().
name(linkspan_driver) -> driver;
name(linkspan_nif) -> nif;
name(linkspan_program) -> program.

%% An instance as its opener is to know it: events and look-ups carry it behind its decorator, if it has one.
-spec shown(#linkspan{}, linkspan_options:options()) -> #linkspan{}.
shown(Instance, #{host := Decorator, behind := _Host}) -> Decorator:decorate(Instance);
shown(Instance, #{}) -> Instance.

%% The instance that takes a caller's requests now: behind its decorator, and of several lanes one.
-spec bare(#linkspan{}) -> #linkspan{}.
bare(#linkspan{host = linkspan_lanes} = Lanes) -> bare(linkspan_lanes:lane(Lanes));
bare(#linkspan{target = #linkspan{} = Behind}) -> bare(Behind);
bare(#linkspan{} = Instance) -> Instance.
