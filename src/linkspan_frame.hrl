%% The numbers of docs/frame.md. native/engine/src/frame.rs and outcome.rs have the same.

-define(VERSION, 1).
-define(OPERATION_LIMIT, (1 bsl 30)).
%% Longest body, a little less than the longest frame.
-define(LONGEST, ((1 bsl 30) - 1024)).

-define(CALL, 1).
-define(CAST, 2).
-define(CANCEL, 3).
-define(LOAD, 4).
-define(START, 5).
-define(ROOM, 6).
-define(INFO, 7).
-define(STREAM, 9).
-define(CREDIT, 10).
-define(DESCRIBE, 11).
-define(BATCH, 12).
-define(REPLY, 16#81).
-define(EVENT, 16#82).
-define(ENDED, 16#83).
-define(REPLIES, 16#84).

-define(OK, 0).
-define(DEFERRED, 1).
-define(CANCELLED, 6).
-define(BUSY, 7).
-define(PART, 15).
