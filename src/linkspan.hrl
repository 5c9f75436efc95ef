%% What a client knows of an instance. Made by a host's open/1; opaque to everybody else. Small, for it is copied with
%% every event and every look-up of a server.
-record(linkspan, {
    host :: module(),
    %% What operations go to: a port, or a resource.
    target :: port() | reference(),
    %% The process that hands on what a port delivers, or that a resource belongs to; only where there is one.
    owner :: pid() | undefined,
    service :: binary(),
    %% Path of the library, and SHA-256 of its content; once it is loaded.
    path = <<>> :: binary(),
    hash = <<>> :: binary(),
    %% One bit for each operation, by its number, that is always deferred. Higher numbers are left out: it is a hint.
    long = 0 :: non_neg_integer(),
    %% What a call does when the queue is full.
    full :: wait | error
}).

%% Time-out of calls, and of casts that wait for room, in milliseconds.
-define(DEFAULT_TIMEOUT, 5000).
%% Operations up to this number have a bit in `long`.
-define(LAST_HINT, 55).
