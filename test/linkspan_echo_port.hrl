%% What tests of plain ports know of the frames.
-include("../src/linkspan_frame.hrl").

-define(TAG, "tag").
-define(FOREVER, 16#FFFFFFFF).
-define(CAST_BIT, (1 bsl 31)).
