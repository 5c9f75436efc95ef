%% What a client knows of an instance. Made by a host's open/1; opaque to everybody else.
-record(linkspan, {
    host :: module(),
    %% What operations go to: a port, or a resource.
    target :: port() | reference(),
    %% The process that hands on what the port delivers; only where there is one.
    owner :: pid() | undefined,
    service :: binary(),
    library :: #{path := binary(), hash := binary()} | undefined,
    %% Numbers by name: binaries, and atoms that existed when the instance was opened.
    operations = #{} :: #{atom() | binary() => non_neg_integer()},
    %% Numbers of the operations that are always deferred.
    long = #{} :: #{non_neg_integer() => []},
    %% What a call does when the queue is full.
    full :: wait | error
}).

%% Time-out of calls, and of casts that wait for room, in milliseconds.
-define(DEFAULT_TIMEOUT, 5000).
