%% What a client knows of an instance. Made by a host's open/1; opaque to everybody else. Small, for it is copied with
%% every event and every look-up of a server.
-record(linkspan, {
    host :: module(),
    %% What operations go to: a port, a resource, the instance that a decorator stands before, or several lanes.
    target :: port() | reference() | #linkspan{} | tuple(),
    %% The process that hands on what a port delivers, or that a resource belongs to; only where there is one.
    owner :: pid() | undefined,
    service :: binary(),
    %% Path of the library, and SHA-256 of its content; once it is loaded.
    path = <<>> :: binary(),
    hash = <<>> :: binary(),
    %% Under which the numbers of its operations are kept.
    key :: atom() | {linkspan_service, binary()},
    %% One bit for each operation, by its number, that is always deferred. Higher numbers are left out: it is a hint.
    long = 0 :: non_neg_integer(),
    %% What a call does when the queue is full.
    full :: wait | error,
    %% Where the nif host runs what it does not run inline.
    deferred = workers :: linkspan_options:deferred()
}).

%% Time-out of calls, and of casts that wait for room, in milliseconds.
-define(DEFAULT_TIMEOUT, 5000).
%% Operations up to this number have a bit in `long`.
-define(LAST_HINT, 55).
%% The operation of a call that says in the same number how many milliseconds its caller waits.
-define(TIMED(Operation, Timeout), ((1 bsl 30) bor (Timeout bsl 6) bor Operation)).
-define(LONGEST_TIMED, 16#FFFFFF).
%% Whether an operation is known to be deferred.
-define(IS_LONG(Operation, Long),
    (Operation =< ?LAST_HINT andalso (Long bsr Operation) band 1 =:= 1)
).
%% From this size on a body goes by reference; otherwise it would be copied if it is deferred.
-define(LONG_BODY, 32768).
%% What goes the shortest way: no other module is called unless its caller has to wait for a message.
-define(IS_FAST(Body), (is_binary(Body) andalso byte_size(Body) < ?LONG_BODY)).
