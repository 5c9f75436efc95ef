%% Where the built native code is, and how it gets into the VM.
-module(linkspan_native).

-export([load/0, program/0, library_dir/1]).

%% Loads the image, as a port driver and as a NIF library. It stays for the life of the VM.
-spec load() -> ok | {error, term()}.
load() ->
    {ok, Version} = application:get_key(linkspan, vsn),
    Dir = filename:join(code:priv_dir(linkspan), Version),
    case load_driver(Dir) of
        ok -> linkspan_nif:load(filename:join(Dir, "linkspan"));
        Error -> Error
    end.

load_driver(Dir) ->
    case erl_ddll:load_driver(Dir, "linkspan") of
        ok -> ok;
        %% Locked into the VM by an earlier start of the application.
        {error, permanent} -> ok;
        {error, Reason} -> {error, {load_driver, Dir, lists:flatten(erl_ddll:format_error(Reason))}}
    end.

%% Path of the executable that is the program host.
-spec program() -> file:filename().
program() ->
    filename:join(code:priv_dir(linkspan), "linkspan_program").

%% Folder of the service libraries that an application brings.
-spec library_dir(atom()) -> file:filename().
library_dir(Application) ->
    filename:join(code:priv_dir(Application), "native").
