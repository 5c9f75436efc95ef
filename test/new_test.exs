# `mix linkspan.new`, and what becomes of what it makes. One application serves all tests.
defmodule Linkspan.NewTest do
  use ExUnit.Case, async: false
  import Linkspan.Command

  @moduletag timeout: 300_000

  setup_all do
    dir = Path.join(System.tmp_dir!(), "linkspan-new-#{System.unique_integer([:positive])}")
    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    said = follow("Start, in Elixir", dir)
    demo = Path.join(dir, "demo")
    run(demo, "mix", ["compile"])
    %{dir: dir, demo: demo, said: said}
  end

  # Does what a section of the README says, and returns what was printed.
  defp follow(section, dir) do
    [_, text] = String.split(File.read!("README.md"), "\n## #{section}\n")
    [text | _] = String.split(text, "\n## ")
    blocks = Regex.scan(~r/^```([^\n]*)\n(.*?)^```$/ms, text, capture: :all_but_first)
    assert Enum.count(blocks, &match?(["sh", _], &1)) == 2

    {printed, _dir} =
      Enum.map_reduce(blocks, dir, fn [kind, code], dir -> step(kind, code, dir) end)

    Enum.join(printed)
  end

  # The shell's folder is that of the next step.
  defp step("sh", code, dir) do
    place = Path.join(System.tmp_dir!(), "linkspan-place-#{System.unique_integer([:positive])}")
    printed = run(dir, "sh", ["-ec", code <> "pwd >" <> place])
    dir = String.trim(File.read!(place))
    File.rm!(place)
    {printed, dir}
  end

  defp step("elixir mix.exs", code, dir) do
    code = String.replace(code, ~s("../linkspan"), inspect(File.cwd!()))
    assert code =~ File.cwd!()
    edit(dir, "mix.exs", ~r/  defp deps do.*?\n  end\n/s, code)
    {"", dir}
  end

  defp step("elixir demo", code, dir), do: {run(dir, "mix", ["run", "-e", code]), dir}
  # Runs where Linkspan is alone, too: DocumentsTest.
  defp step("elixir", _code, dir), do: {"", dir}

  defp edit(demo, path, from, to) do
    path = Path.join(demo, path)
    before = File.read!(path)
    changed = String.replace(before, from, to)
    assert changed != before
    File.write!(path, changed)
    before
  end

  # Changes a file for a while.
  defp with_edit(demo, path, from, to, fun) do
    before = edit(demo, path, from, to)

    try do
      fun.()
    after
      File.write!(Path.join(demo, path), before)
    end
  end

  defp specs(demo, function) do
    run(demo, "mix", [
      "run",
      "-e",
      """
      {:ok, specs} = Code.Typespec.fetch_specs(Demo.Sum)
      for {{:#{function}, _}, [spec]} <- specs,
          do: IO.puts(Macro.to_string(Code.Typespec.spec_to_quoted(:#{function}, spec)))
      """
    ])
  end

  test "the README can be followed, word by word", %{said: said} do
    # The new application's own, and one for each host.
    assert said =~ ~r/4 tests, 0 failures|passed .*4 tests/
    assert said =~ "what_is_too_large_changes_nothing ... ok"
  end

  test "says what to do next", %{demo: demo, said: said} do
    assert said =~ "* creating native/sum/src/lib.rs"
    assert said =~ "* updating mix.exs"
    assert said =~ "cargo test --manifest-path native/sum/Cargo.toml"
    refute said =~ "Add its compiler"
    assert File.read!(Path.join(demo, "mix.exs")) =~ "compilers: [:linkspan | Mix.compilers()]"
  end

  test "a type that is changed in Rust changes the spec", %{demo: demo} do
    assert specs(demo, :add) =~ "add(Linkspan.server(), integer(), timeout()) ::"
    head = ") -> Result<i64, linkspan::Error> {"

    # What does not compile changes nothing.
    with_edit(demo, "native/sum/src/lib.rs", "by: i64" <> head, "by: f64" <> head, fn ->
      assert run(demo, "mix", ["compile"], status: 1) =~ "error[E0308]: mismatched types"
    end)

    changed = "by: f64" <> head <> " let by = by as i64;"

    with_edit(demo, "native/sum/src/lib.rs", "by: i64" <> head, changed, fn ->
      assert run(demo, "mix", ["compile"]) =~ ~r/Compiling \d files? \(.ex\)/
      assert specs(demo, :add) =~ "add(Linkspan.server(), float(), timeout()) ::"
    end)

    assert specs(demo, :add) =~ "add(Linkspan.server(), integer(), timeout()) ::"
    # And now there is nothing to do.
    assert run(demo, "mix", ["compile"]) == ""
  end

  test "what cargo says are diagnostics of Mix", %{demo: demo} do
    with_edit(demo, "native/sum/src/lib.rs", "self.total = total", "self.totl = total", fn ->
      said =
        run(demo, "mix", [
          "run",
          "--no-compile",
          "-e",
          ~S"""
          {:error, [diagnostic]} = Mix.Task.run("compile.linkspan", [])
          %Mix.Task.Compiler.Diagnostic{severity: :error, compiler_name: "Linkspan"} = diagnostic
          IO.puts("#{diagnostic.file} #{inspect(diagnostic.position)} #{diagnostic.message}")
          """
        ])

      assert said =~ "#{demo}/native/sum/src/lib.rs {20, 13, 20, 17} no field `totl`"
      assert said =~ "error[E0609]: no field `totl`"
    end)

    with_edit(
      demo,
      "native/sum/src/lib.rs",
      "linkspan::export",
      "fn idle() {}\nlinkspan::export",
      fn ->
        assert run(demo, "mix", ["compile"]) =~ "never used"
        refute run(demo, "mix", ["compile"]) =~ "never used"

        assert run(demo, "mix", ["compile", "--all-warnings"]) =~
                 ~r/lib.rs:\d+:4: warning: .*never used/

        run(demo, "mix", ["compile", "--warnings-as-errors"], status: 1)
      end
    )
  end

  test "nothing that exists is touched", %{demo: demo} do
    before = File.read!(Path.join(demo, "native/sum/src/lib.rs"))
    said = run(demo, "mix", ["linkspan.new", "sum"], status: 1)
    assert said =~ "native/sum exists already"
    assert File.read!(Path.join(demo, "native/sum/src/lib.rs")) == before

    File.mkdir_p!(Path.join(demo, "lib/demo"))
    File.write!(Path.join(demo, "lib/demo/other.ex"), "# mine\n")

    assert run(demo, "mix", ["linkspan.new", "other"], status: 1) =~
             "lib/demo/other.ex exists already"

    refute File.exists?(Path.join(demo, "native/other"))
    File.rm!(Path.join(demo, "lib/demo/other.ex"))
  end

  test "names are checked" do
    for {arguments, words} <- [
          {["Sum"], "Sum cannot be a service"},
          {["../sum"], "cannot be a service"},
          {["two__words"], "cannot be a service"},
          {["1st"], "cannot be a service"},
          {["sum\n"], "cannot be a service"},
          {[""], "cannot be a service"},
          {["struct"], "struct is a word of Rust"},
          {["linkspan"], "linkspan is a word of Rust or of cargo"},
          {[], "wants one name"},
          {["one", "two"], "wants one name"}
        ] do
      error = assert_raise Mix.Error, fn -> Mix.Tasks.Linkspan.New.run(arguments) end
      assert error.message =~ words
    end
  end

  test "no cargo is needed with what was built elsewhere", %{dir: dir, demo: demo} do
    elsewhere = Path.join(dir, "elsewhere")
    said = run(demo, "mix", ["linkspan.precompile", elsewhere])
    assert said =~ "* demo/native/sum.so"
    assert said =~ "* linkspan/linkspan_program"

    env = [
      {"LINKSPAN_PRECOMPILED", elsewhere},
      # `mix clean` clears out its neighbours.
      {"MIX_BUILD_PATH", Path.join(dir, "builds/fresh")},
      path_without_cargo(dir)
    ]

    assert run(demo, "mix", ["test"], env: [{"MIX_ENV", "test"} | env]) =~ ~r/0 failures|passed/

    File.write!(Path.join(elsewhere, "demo/native/sum.so"), "broken")
    said = run(demo, "mix", ["compile", "--force"], env: env)
    refute said =~ "SHA-256"

    assert run(demo, "mix", ["do", "clean", "+", "compile"], env: env, status: 1) =~
             "#{elsewhere}/demo/native/sum.so: error: its SHA-256 is"
  end

  test "what cannot be added to mix.exs is said", %{demo: demo} do
    # Mix links to it, also when it is gone again.
    File.mkdir!(Path.join(demo, "priv"))

    with_edit(demo, "mix.exs", "[:linkspan | Mix.compilers()]", "Mix.compilers()", fn ->
      said = run(demo, "mix", ["linkspan.new", "a_b"])

      assert said =~
               "Add its compiler to project/0 in mix.exs:\n\n    compilers: [:linkspan | Mix.compilers()],"

      assert said =~ "Add it to .gitignore:\n\n    /priv/native/"
    end)

    remove(demo, "_build/dev/lib/demo")
    run(demo, "mix", ["compile"])
    assert File.exists?(Path.join(demo, "priv/native/a_b.so"))
    remove(demo, "priv")
    run(demo, "mix", ["compile"])

    # A name whose words Rust does not find by their capitals.
    assert run(demo, "mix", ["test", "test/demo/a_b_test.exs"]) =~ ~r/0 failures|passed/

    for path <- ["native/a_b", "lib/demo/a_b.ex", "test/demo/a_b_test.exs"],
        do: remove(demo, path)
  end

  defp remove(demo, path), do: [_ | _] = File.rm_rf!(Path.join(demo, path))
end
