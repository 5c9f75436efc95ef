%% Builds Linkspan's native code for rebar3, which runs this before it compiles anything: what builds comes from its source.
main([]) ->
    Root = filename:dirname(filename:dirname(filename:absname(escript:script_name()))),
    [load(Source) || Source <- filelib:wildcard(filename:join(Root, "src/build/*.erl"))],
    Build = os:getenv("REBAR_BUILD_DIR", filename:join(Root, "_build/rebar3")),
    Options = #{
        app => linkspan,
        source => Root,
        priv => filename:join(Root, "priv"),
        record => filename:join(Build, "linkspan.native"),
        target => filename:join(Root, "target"),
        arguments => ["--locked"]
    },
    case linkspan_build:run(Options) of
        {error, _Shown} -> halt(1);
        {_, _Warnings} -> ok
    end.

load(Source) ->
    {ok, Module, Binary} = compile:file(Source, [binary, report]),
    {module, Module} = code:load_binary(Module, Source, Binary).
