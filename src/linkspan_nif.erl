%% The NIF half of the image: it lends native bytes to the VM as binaries. It has no functions of its own.
-module(linkspan_nif).

-export([load/1]).

-spec load(file:filename()) -> ok | {error, term()}.
load(Path) ->
    case erlang:load_nif(Path, 0) of
        ok -> ok;
        {error, {Loaded, _}} when Loaded =:= reload; Loaded =:= upgrade -> ok;
        {error, {_, Why}} -> {error, {load_nif, Path, Why}}
    end.
