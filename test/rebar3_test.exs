# Applications built by rebar3, as their authors build them: the README from an empty folder, what goes wrong, and the example
# with its release. No Elixir is in the PATH.
defmodule Linkspan.Rebar3Test do
  use ExUnit.Case, async: false
  import Linkspan.Command

  @moduletag timeout: 300_000

  # The same folder each time, so that cargo knows what it has built of Linkspan there.
  @dir Path.join(System.tmp_dir!(), "linkspan-rebar3-#{:erlang.phash2(File.cwd!())}")
  @demo Path.join(@dir, "demo")
  @example Path.join(@dir, "erlang_app")

  setup_all do
    File.rm_rf!(@dir)
    File.mkdir_p!(@dir)
    on_exit(fn -> File.rm_rf!(@dir) end)
    File.ln_s!(File.cwd!(), Path.join(@dir, "linkspan"))
    copy_example()
    commands(Path.join(@dir, "bin"), [])
    commands(Path.join(@dir, "no_cargo"), ~w(cargo rustc rustup))
    %{said: follow_the_readme()}
  end

  # Without what was built where it is.
  defp copy_example do
    File.mkdir_p!(Path.join(@example, "_checkouts"))
    File.ln_s!("../../linkspan", Path.join(@example, "_checkouts/linkspan"))

    for name <- File.ls!("examples/erlang_app") -- ~w(_build _checkouts priv rebar.lock),
        do: File.cp_r!(Path.join("examples/erlang_app", name), Path.join(@example, name))
  end

  # All commands but those of Elixir, and others.
  defp commands(bin, others) do
    File.mkdir_p!(bin)

    for dir <- "PATH" |> System.fetch_env!() |> String.split(":"),
        {:ok, names} <- [File.ls(dir)],
        name <- names -- (~w(elixir elixirc iex mix) ++ others),
        do: File.ln_s(Path.join(dir, name), Path.join(bin, name))
  end

  # Commands are run and the settings written, in the order of the section.
  defp follow_the_readme do
    [section] =
      Regex.run(~r/^## Start, in Erlang\n(.*?)^## /ms, File.read!("README.md"), capture: [1])

    [{"sh", make}, {"erlang", settings}, {"sh", service} | _] =
      for [language, code] <- Regex.scan(~r/^```(\w+)\n(.*?)^```$/ms, section, capture: [1, 2]),
          do: {language, code}

    sh(@dir, make)
    edit("rebar.config", ~r/^\{deps, \[\]\}\.\n/m, settings)
    sh(@demo, service)
  end

  # A command of the shell, with the commands of one of the folders.
  defp sh(dir, command, options \\ []) do
    {bin, options} = Keyword.pop(options, :bin, "bin")
    # Without colours, and without looking for crates that Linkspan itself has not needed.
    env = [{"PATH", Path.join(@dir, bin)}, {"TERM", "dumb"}, {"CARGO_NET_OFFLINE", "true"}]
    run(dir, "sh", ["-ec", command], Keyword.update(options, :env, env, &(env ++ &1)))
  end

  # Changes a file; returns how it was.
  defp edit(path, from, to) do
    path = Path.join(@demo, path)
    before = File.read!(path)
    changed = String.replace(before, from, to)
    assert changed != before
    File.write!(path, changed)
    fn -> File.write!(path, before) end
  end

  # Changes a file for one test.
  defp change(path, from, to), do: path |> edit(from, to) |> on_exit()

  defp spec(function, arity) do
    {:ok, specs} =
      [@demo, "_build/default/lib/demo/ebin/counter.beam"]
      |> Path.join()
      |> File.read!()
      |> Code.Typespec.fetch_specs()

    {_, [spec]} = List.keyfind(specs, {function, arity}, 0)
    function |> Code.Typespec.spec_to_quoted(spec) |> Macro.to_string()
  end

  test "the README makes a service whose tests pass", %{said: said} do
    assert sh(@dir, "command -v elixir mix || echo none") == "none\n"
    assert said =~ "Writing #{@demo}/native/counter/src/lib.rs"
    assert said =~ "cargo test --manifest-path native/counter/Cargo.toml"
    assert said =~ "3 tests, 0 failures"
  end

  test "a type that is changed in Rust changes the spec" do
    sh(@demo, "rebar3 compile")
    assert spec(:add, 2) =~ "by :: integer()"
    change("native/counter/src/lib.rs", "by: i64", "by: Option<i64>")
    change("native/counter/src/lib.rs", "checked_add(by)", "checked_add(by.unwrap_or(1))")
    sh(@demo, "rebar3 compile")
    assert spec(:add, 2) =~ "by :: integer() | nil | :undefined"
  end

  test "a library that was changed behind its module is refused" do
    sh(@demo, "rebar3 compile")
    change("native/counter/src/lib.rs", "by: i64", "by: f64")
    change("native/counter/src/lib.rs", "checked_add(by)", "checked_add(by as i64)")
    sh(@demo, "cargo build --quiet --release --manifest-path native/counter/Cargo.toml")
    library = Path.join(@demo, "priv/native/counter.so")
    File.rm!(library)
    File.cp!("target/release/libcounter.so", library)

    said =
      sh(@demo, ~S"""
      erl -noinput -pa _build/default/lib/*/ebin _build/default/checkouts/*/ebin \
        -eval 'ok = linkspan:load(), io:format("~0tp", [counter:open([{start, [{total, 1}]}])]), init:stop().'
      """)

    assert said ==
             ~S({error,{library_changed,[<<"operation add has other arguments">>]}})
  end

  test "what cargo says is an error of rebar3's" do
    change("native/counter/src/lib.rs", "self.total = total", "self.totl = total")
    said = sh(@demo, "rebar3 compile", status: 1)
    assert said =~ "error[E0609]: no field `totl`"
    assert said =~ "===> Compiling the native code of demo failed\n"
    assert said =~ ~r"^#{@demo}/native/counter/src/lib.rs:\d+:14: no field `totl`"m
  end

  test "a module whose name is taken is refused" do
    path = Path.join(@demo, "src/counter.erl")
    File.write!(path, "-module(counter).\n")
    on_exit(fn -> File.rm!(path) end)
    said = sh(@demo, "rebar3 compile", status: 1)
    assert said =~ "===> Making the modules of demo failed\nthe application has a module counter"
    change("rebar.config", ~r/\z/, ~S({linkspan, [{modules, [{my_counter, "counter"}]}]}.))
    sh(@demo, "rebar3 compile")
    ebin = Path.join(@demo, "_build/default/lib/demo/ebin")
    assert File.exists?(Path.join(ebin, "my_counter.beam"))
    assert File.read!(Path.join(ebin, "demo.app")) =~ "my_counter"
    change("rebar.config", "{modules, ", "{module, ")
    said = sh(@demo, "rebar3 compile", status: 1)
    assert said =~ ~S(and {arguments, Strings}, without {module,[{my_counter,"counter"}]})
  end

  test "a new service overwrites nothing, and needs a name of Rust's" do
    for {arguments, words} <- [
          {"counter", "native/counter exists already"},
          {"Counter", "Counter cannot be a service"},
          {"one two", "wants one name"},
          {"--app other one", "there is no application other here, but demo"}
        ] do
      assert sh(@demo, "rebar3 linkspan new #{arguments}", status: 1) =~ words
    end

    assert File.ls!(Path.join(@demo, "native")) == ["counter"]
  end

  test "no cargo is needed with what was built elsewhere" do
    elsewhere = Path.join(@dir, "elsewhere")
    said = sh(@demo, "rebar3 linkspan precompile #{elsewhere}")
    assert said =~ "Writing #{elsewhere}/demo/native/counter.so"
    assert said =~ "Writing #{elsewhere}/linkspan/linkspan_program"
    sh(@demo, "rebar3 clean && rm -rf _build")
    refute File.exists?(Path.join(@demo, "priv/native/counter.so"))
    assert sh(@demo, "rebar3 compile", bin: "no_cargo", status: 1) =~ "cargo is not in the PATH"
    options = [bin: "no_cargo", env: [{"LINKSPAN_PRECOMPILED", elsewhere}]]
    assert sh(@demo, "rebar3 eunit", options) =~ "3 tests, 0 failures"
    File.write!(Path.join(elsewhere, "demo/native/counter.so"), "broken")
    said = sh(@demo, "rebar3 clean && rebar3 compile", options ++ [status: 1])
    assert said =~ "#{elsewhere}/demo/native/counter.so: its SHA-256 is"
  end

  test "the example's release starts elsewhere, without cargo" do
    assert sh(@example, "rebar3 do ct, xref, release") =~ "All 12 tests passed"
    File.rename!(Path.join(@example, "_build/default/rel/erlang_app"), Path.join(@dir, "moved"))

    start = ~S"""
    bin/erlang_app foreground \
      -eval '[io:write(words:add(W, <<"a b">>)) || W <- [words_driver, words_nif, words_program]], init:stop().'
    """

    said = sh(Path.join(@dir, "moved"), start, bin: "no_cargo")
    assert said =~ "{ok,2}{ok,2}{ok,2}"
  end
end
