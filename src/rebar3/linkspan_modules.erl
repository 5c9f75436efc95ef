%% The modules of an application's typed services: which there are to be, and a folder with their sources.
-module(linkspan_modules).

-export([write/1]).
-export_type([options/0]).

-define(HINT, ": give another one in rebar.config, {linkspan, [{modules, [{Module, Library}]}]}").

-type options() :: #{
    app := atom(),
    %% The folder `priv` with the libraries, and their names.
    priv := file:filename_all(),
    libraries := [binary()],
    %% Pairs {Module, Library} and triples {Module, Library, Service}, as somebody wrote them; by default each typed
    %% library's service of its own name has a module of that name.
    modules => term(),
    %% The application's own modules.
    taken := [module()],
    %% For the sources, and nothing else.
    folder := file:filename_all()
}.
-type wanted() :: {module(), Library :: binary(), Service :: binary()}.

%% Writes sources that have changed, and removes those that are not wanted any more. Returns what somebody may wonder about,
%% in words, or what is wrong.
-spec write(options()) -> {ok, Remarks :: [unicode:chardata()]} | {error, unicode:chardata()}.
write(#{folder := Folder} = Options) ->
    try
        Wanted = wanted(Options),
        _ = [ok = check(Module, Options) || {Module, _, _} <- Wanted],
        Made = [made(One, Options) || One <- Wanted],
        ok = replace([{atom_to_list(Module) ++ ".erl", Text} || {source, Module, Text} <- Made], Folder),
        {ok, [Remark || {remark, Remark} <- Made]}
    catch
        throw:{refused, Why} -> {error, Why}
    end.

-spec refuse(io:format(), [term()]) -> no_return().
refuse(Format, Arguments) -> throw({refused, io_lib:format(Format, Arguments)}).

-spec wanted(options()) -> [wanted()].
wanted(#{modules := Modules}) when is_list(Modules) ->
    Wanted = [asked(One) || One <- Modules],
    Names = [Module || {Module, _, _} <- Wanted],
    case Names -- lists:usort(Names) of
        [] -> Wanted;
        [Twice | _] -> refuse("module ~tp is there twice", [Twice])
    end;
wanted(#{modules := Other}) ->
    refuse("modules are to be a list, not ~tp", [Other]);
wanted(#{libraries := Libraries}) ->
    [{binary_to_atom(Library), Library, Library} || Library <- Libraries].

asked({Module, Library}) -> asked({Module, Library, Library});
asked({Module, Library, Service} = Asked) when is_atom(Module) -> {Module, text(Library, Asked), text(Service, Asked)};
asked(Other) -> refuse("a module is to be {Module, Library} or {Module, Library, Service}, not ~tp", [Other]).

text(Atom, _Asked) when is_atom(Atom) -> atom_to_binary(Atom);
text(Text, Asked) ->
    try unicode:characters_to_binary(Text) of
        <<_, _/binary>> = Binary -> Binary;
        _ -> refuse("in ~tp library and service are to be texts", [Asked])
    catch
        error:badarg -> refuse("in ~tp library and service are to be texts", [Asked])
    end.

check(Module, #{taken := Taken}) ->
    IsName = re:run(atom_to_list(Module), "^[a-z][a-zA-Z0-9_]*$", [{capture, none}]) =:= match,
    case {IsName, lists:member(Module, Taken), owner(Module)} of
        {true, false, none} -> ok;
        {false, _, _} -> refuse("~tp is no name for a module: it begins with a small letter, and has letters, digits and _" ++ ?HINT, [Module]);
        {_, true, _} -> refuse("the application has a module ~tp already" ++ ?HINT, [Module]);
        {_, _, Owner} -> refuse("~ts has a module ~tp" ++ ?HINT, [Owner, Module])
    end.

%% Whether it is a module of OTP or of ours.
owner(Module) ->
    case code:which(Module) of
        preloaded -> "OTP";
        Path when is_list(Path) -> owner_of(filename:dirname(Path), filename:dirname(code:which(?MODULE)));
        _ -> none
    end.

owner_of(Ours, Ours) -> "Linkspan";
owner_of(Folder, _Ours) ->
    case lists:prefix(code:lib_dir(), Folder) of
        true -> "OTP";
        false -> none
    end.

made({Module, Library, Service} = Wanted, #{app := App, priv := Priv} = Options) ->
    Path = filename:join([Priv, "native", <<Library/binary, ".so">>]),
    case linkspan_typed:describe(unicode:characters_to_binary(Path), Service) of
        {ok, Expected} ->
            case linkspan_module:source(Module, {App, Library, Service}, Expected) of
                {ok, Source} -> {source, Module, unicode:characters_to_binary(Source)};
                {error, Why} -> refuse("module ~tp cannot be made of ~ts: ~ts", [Module, Path, Why])
            end;
        {error, Reason} ->
            without(Wanted, Reason, is_map_key(modules, Options))
    end.

%% Services that are not typed need no module, unless one is asked for.
without(_Wanted, not_typed, false) ->
    nothing;
without({_, Library, _}, {unknown_service, _, _, _} = Reason, false) ->
    {remark, ["no module is made of the library ", Library, ": ", linkspan_reason:format(Reason)]};
without({Module, _, _}, Reason, _IsAsked) ->
    refuse("module ~tp cannot be made: ~ts", [Module, linkspan_reason:format(Reason)]).

replace(Sources, Folder) ->
    _ = [
        ok = file:delete(filename:join(Folder, Name))
     || Name <- filelib:wildcard("*.erl", Folder), not lists:keymember(Name, 1, Sources)
    ],
    _ = [put_file(filename:join(Folder, Name), Source) || {Name, Source} <- Sources],
    ok.

%% A file that says the same keeps its time, by which rebar3 knows what to compile.
put_file(File, Source) ->
    case file:read_file(File) of
        {ok, Source} ->
            ok;
        _ ->
            _ = filelib:ensure_dir(File),
            case file:write_file(File, Source) of
                ok -> ok;
                {error, Reason} -> refuse("~ts: ~ts", [File, file:format_error(Reason)])
            end
    end.
