%% Which executable the program host runs: Linkspan's own, or one of another make that speaks docs/frame.md.
-module(linkspan_executable).

-export([read/2, path/1, takes_batches/1, not_started/2]).
-export_type([option/0, executable/0]).

%% In full, or in the priv folder of an application.
-type option() :: {program, file:name_all() | {atom(), file:name_all()}}.
-opaque executable() :: own | binary().

-define(LONGEST_PATH, 4095).
-define(A_PATH, "is to be an absolute path or {Application, File}").

%% Reads the option `program`, which other hosts than the program refuse. What sets limits is Linkspan's own program.
-spec read(linkspan_options:host() | term(), #{atom() => term()}) -> executable().
read(program, #{program := _, limits := _}) ->
    linkspan_options:bad(limits, "is for Linkspan's own program: another one has to limit itself");
read(program, #{program := {Application, File}}) when is_atom(Application) ->
    case code:priv_dir(Application) of
        {error, bad_name} ->
            linkspan_options:bad(program, io_lib:format("names ~p, which is no known application", [Application]));
        Folder ->
            within(Folder, text(File))
    end;
read(program, #{program := Path}) when is_list(Path); is_binary(Path) ->
    Text = text(Path),
    case filename:pathtype(Text) of
        absolute -> Text;
        _ -> linkspan_options:bad(program, ?A_PATH)
    end;
read(program, #{program := _}) ->
    linkspan_options:bad(program, ?A_PATH);
read(_Host, #{program := _}) ->
    linkspan_options:bad(program, "is for host program");
read(_Host, #{}) ->
    own.

within(Folder, File) ->
    case filelib:safe_relative_path(File, Folder) of
        unsafe -> linkspan_options:bad(program, "leads out of the priv folder of its application");
        Path -> unicode:characters_to_binary(filename:join(Folder, Path))
    end.

text(Path) -> linkspan_options:text(program, Path, ?LONGEST_PATH).

-spec path(executable()) -> binary().
path(own) -> unicode:characters_to_binary(linkspan_native:program());
path(Path) -> Path.

%% Whether it knows the frame `batch`: others need not.
-spec takes_batches(executable()) -> boolean().
takes_batches(Executable) -> Executable =:= own.

%% Why there is no port: it is the file, or else the system has had enough.
-spec not_started(executable(), term()) -> linkspan:reason().
not_started(Executable, Reason) when Reason =:= enoent; Reason =:= eacces; Reason =:= enotdir; Reason =:= eloop ->
    {program_missing, path(Executable), unicode:characters_to_binary(file:format_error(Reason))};
not_started(_Executable, Reason) ->
    {open_port, Reason}.
