# The native code of an application: crates that depend on nothing, so that cargo builds them at once.
defmodule Linkspan.BuildTest do
  # Changes the environment.
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  @moduletag timeout: 120_000

  setup do
    test = self()
    app = temporary("")

    options = %{
      app: :app,
      source: app,
      priv: Path.join(app, "built/priv"),
      record: Path.join(app, "built/record"),
      target: Path.join(app, "target"),
      print: &send(test, {:shown, IO.chardata_to_string(&1)})
    }

    for variable <- ["PATH", "LINKSPAN_PRECOMPILED", "CARGO_TARGET_DIR"],
        value = System.get_env(variable) do
      on_exit(fn -> System.put_env(variable, value) end)
    end

    on_exit(fn -> System.delete_env("LINKSPAN_PRECOMPILED") end)
    System.delete_env("CARGO_TARGET_DIR")
    %{options: options, app: app, library: Path.join(app, "built/priv/native/one.so")}
  end

  defp crate(app, path, name, more \\ "", code \\ "pub fn answer() -> i32 { 1 }") do
    write(app, "native/#{path}/Cargo.toml", """
    [package]
    name = "#{name}"
    version = "1.2.3"
    edition = "2024"
    [lib]
    crate-type = ["cdylib"]
    #{more}
    """)

    write(app, "native/#{path}/src/lib.rs", "#[unsafe(no_mangle)] #{code}\n")
  end

  defp installed(path), do: ~s([package.metadata.linkspan]\ninstall = "#{path}"\n)

  defp one(app, code \\ "pub fn answer() -> i32 { 1 }"),
    do: crate(app, "one", "one", installed("native/one.so"), code)

  defp write(app, path, text) do
    path = Path.join(app, path)
    File.mkdir_p!(Path.dirname(path))
    File.write!(path, text)
  end

  defp shown(text \\ "") do
    receive do
      {:shown, more} -> shown(text <> more)
    after
      0 -> text
    end
  end

  defp without_cargo, do: System.put_env("PATH", "/nowhere")

  describe "cargo" do
    test "is asked when a source has changed, and only then",
         %{options: options, app: app} = test do
      one(app)
      assert :linkspan_build.run(options) == {:ok, []}
      assert shown() =~ "Compiling one"
      assert File.exists?(test.library)

      path = System.fetch_env!("PATH")
      without_cargo()
      assert :linkspan_build.run(options) == {:noop, []}
      File.touch!(Path.join(app, "native/one/src/lib.rs"), {{2030, 1, 1}, {0, 0, 0}})
      assert :linkspan_build.run(options) == {:noop, []}

      one(app, "pub fn answer() -> i32 { 2 }")

      assert {:error, [%{file: file, message: message, severity: :error}]} =
               :linkspan_build.run(options)

      assert file == Path.join(app, "native")

      assert message =~
               ~r"cargo is not in the PATH.* app .*native/one/src/lib.rs has changed.*LINKSPAN_PRECOMPILED"

      assert shown() =~ message

      System.put_env("PATH", path)
      assert :linkspan_build.run(options) == {:ok, []}
      # What is not there as it was installed is a change, too.
      File.rm!(test.library)
      assert :linkspan_build.run(options) == {:ok, []}
      # And what governs cargo.
      write(app, ".cargo/config.toml", "[term]\nquiet = true\n")
      shown()
      assert :linkspan_build.run(options) == {:noop, []}
      assert shown() == ""
      assert :linkspan_build.run(Map.put(options, :profile, "dev")) == {:ok, []}
    end

    test "says what is wrong where", %{options: options, app: app} do
      one(app, "pub fn answer() -> i32 {\n    let unused = 1;\n    \"no\"\n}")
      assert {:error, diagnostics} = :linkspan_build.run(options)

      assert [%{position: position, message: message} = error] =
               Enum.filter(diagnostics, &(&1.severity == :error))

      assert error.file == Path.join(app, "native/one/src/lib.rs")
      assert position == {3, 5, 3, 9}
      assert message =~ ~r/mismatched types \[E0308\]\nexpected `i32`/
      assert shown() =~ "error[E0308]: mismatched types"

      # A warning stays, though cargo is not asked any more.
      one(app, "pub fn answer() -> i32 {\n    let unused = 1;\n    3\n}")

      assert {:ok, [%{severity: :warning, position: {2, 9, 2, 15}}] = warnings} =
               :linkspan_build.run(options)

      assert :linkspan_build.run(options) == {:noop, warnings}
    end

    test "may have nothing to say of a file of ours", %{options: options, app: app} do
      crate(
        app,
        "one",
        "one",
        "[dependencies]\nnowhere = { path = \"../nowhere\" }\n" <> installed("native/one.so")
      )

      assert {:error, [%{file: file, message: "error: failed to" <> message}]} =
               :linkspan_build.run(options)

      assert file =~ "native/one/Cargo.toml"
      assert message =~ "nowhere/Cargo.toml"
      write(app, "native/one/Cargo.toml", "[package")
      assert {:error, [%{file: ^file, message: message}]} = :linkspan_build.run(options)
      assert message =~ "Cargo.toml:1:"
    end
  end

  describe "another target" do
    setup do
      on_exit(fn -> System.delete_env("CARGO_BUILD_TARGET") end)
    end

    # This machine's own, by name: it can be built everywhere.
    test "is built for, and known to be another", %{options: options, app: app} do
      one(app)
      assert :linkspan_build.run(options) == {:ok, []}
      {said, 0} = System.cmd("rustc", ["-vV"])
      [_, target] = Regex.run(~r/^host: (.*)$/m, said)
      System.put_env("CARGO_BUILD_TARGET", target)
      assert {result, []} = :linkspan_build.run(options)
      assert result in [:ok, :noop]
      assert File.exists?(Path.join(app, "target/#{target}/release/libone.so"))

      System.put_env("CARGO_BUILD_TARGET", "pdp11-none-elf")
      assert {:error, [%{message: message}]} = :linkspan_build.run(options)
      assert message =~ "pdp11-none-elf"
    end
  end

  describe "a library" do
    test "that is mapped is never overwritten", %{options: options, app: app, library: library} do
      one(app)
      assert {:ok, []} = :linkspan_build.run(options)
      before = File.stat!(library)
      {:ok, mapped} = File.open(library, [:read])
      content = File.read!(library)

      one(app, "pub fn answer() -> i32 { 2 }")
      assert {:ok, []} = :linkspan_build.run(options)
      assert File.stat!(library).inode != before.inode
      assert File.stat!(library).mode == before.mode
      assert IO.binread(mapped, :eof) == content
      refute File.read!(library) == content
      assert File.ls!(Path.dirname(library)) == ["one.so"]
    end

    test "becomes younger than what was compiled with it", %{options: options, app: app} = test do
      one(app)
      write(app, "built/manifest", "")
      manifest = Path.join(app, "built/manifest")
      File.touch!(manifest, {{2030, 1, 1}, {0, 0, 0}})
      assert {:ok, []} = :linkspan_build.run(Map.put(options, :younger_than, manifest))
      assert File.stat!(test.library).mtime > {{2030, 1, 1}, {0, 0, 0}}
      assert {:noop, []} = :linkspan_build.run(Map.put(options, :younger_than, manifest))
    end

    test "goes with its crate, and by clean", %{options: options, app: app} = test do
      one(app)
      crate(app, "two", "two", installed("{version}/two.so"))
      assert {:ok, []} = :linkspan_build.run(options)
      other = Path.join(app, "built/priv/1.2.3/two.so")
      assert File.exists?(other)

      File.rm_rf!(Path.join(app, "native/two"))
      assert {:noop, []} = :linkspan_build.run(options)
      refute File.exists?(other)
      assert File.exists?(test.library)

      :ok = :linkspan_build.clean(options)
      refute File.exists?(test.library)
      assert {:ok, []} = :linkspan_build.run(options)
      assert File.exists?(test.library)
    end

    test "that cannot be written is an error", %{options: options, app: app} do
      one(app)
      write(app, "built/priv", "no folder")
      assert {:error, [%{file: file, message: "not a directory"}]} = :linkspan_build.run(options)
      assert file == Path.join(app, "built/priv/native/one.so")
    end
  end

  describe "crates" do
    test "may be a workspace, and serve other purposes", %{options: options, app: app} do
      write(app, "native/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n")
      one(app)
      crate(app, "plain", "plain")
      crate(app, "off", "off", "[package.metadata.linkspan]\ninstall = false\n")

      write(app, "native/tool/Cargo.toml", """
      [package]
      name = "tool"
      version = "0.1.0"
      edition = "2024"
      #{installed("tool")}
      """)

      write(app, "native/tool/src/main.rs", ~s|fn main() { println!("it runs"); }|)
      assert {:ok, []} = :linkspan_build.run(options)
      priv = Path.join(app, "built/priv")
      assert Path.wildcard(Path.join(priv, "**/*.so")) == [Path.join(priv, "native/one.so")]
      assert System.cmd(Path.join(priv, "tool"), []) == {"it runs\n", 0}
    end

    test "do not make the same file, nor one elsewhere", %{options: options, app: app} do
      one(app)
      crate(app, "two", "two", installed("native/one.so"))
      assert {:error, [%{file: file, message: message}]} = :linkspan_build.run(options)
      assert file =~ "native/two/Cargo.toml"
      assert message =~ ~r"priv/native/one.so is made by .*native/one/Cargo.toml as well"

      for {install, words} <- [{"../one.so", "below priv"}, {"/one.so", "below priv"}] do
        crate(app, "two", "two", installed(install))
        assert {:error, [%{file: ^file, message: message}]} = :linkspan_build.run(options)
        assert message =~ words
      end
    end

    test "need not be there", %{options: options} do
      without_cargo()
      assert :linkspan_build.run(options) == {:noop, []}
    end
  end

  describe "what was built elsewhere" do
    setup %{options: options, app: app, library: library} do
      one(app)
      {:ok, []} = :linkspan_build.run(options)
      folder = Path.join(app, "elsewhere")

      {:ok, ["app/native/one.so"]} =
        :linkspan_precompiled.make(folder, [{:app, options.priv, options.record}])

      content = File.read!(library)
      :ok = :linkspan_build.clean(options)
      System.put_env("LINKSPAN_PRECOMPILED", folder)
      without_cargo()
      %{folder: folder, content: content}
    end

    test "needs no cargo", %{options: options, folder: folder} = test do
      assert :linkspan_build.run(options) == {:ok, []}
      assert File.read!(test.library) == test.content
      assert Bitwise.band(File.stat!(test.library).mode, 0o111) == 0o111
      File.rm!(Path.join(folder, "app/native/one.so"))
      assert :linkspan_build.run(options) == {:noop, []}
    end

    test "has a list that sha256sum reads", %{folder: folder} do
      System.put_env("PATH", "/usr/bin:/bin")

      assert {"app/native/one.so: OK\n", 0} =
               System.cmd("sha256sum", ["-c", "SHA256SUMS"], cd: folder)
    end

    test "is refused if it is not what the list says",
         %{options: options, folder: folder} = test do
      file = Path.join(folder, "app/native/one.so")
      [expected | _] = String.split(File.read!(Path.join(folder, "SHA256SUMS")))
      File.write!(file, "something else")
      found = Base.encode16(:crypto.hash(:sha256, "something else"), case: :lower)
      assert {:error, [%{file: ^file, message: message}]} = :linkspan_build.run(options)
      assert message =~ expected
      assert message =~ found
      refute File.exists?(test.library)

      File.rm!(file)
      assert {:error, [%{file: ^file, message: message}]} = :linkspan_build.run(options)
      assert message =~ ~r"SHA256SUMS expects it: no such file"
      refute File.exists?(test.library)
    end

    test "needs a list that can be read", %{options: options, folder: folder} do
      list = Path.join(folder, "SHA256SUMS")
      good = File.read!(list)

      for {text, words} <- [
            {good <> "nonsense\n", "line 2"},
            {String.replace(good, "app/", "app/../../"), "line 1"},
            {String.replace(good, "  ", " "), "line 1"}
          ] do
        File.write!(list, text)
        assert {:error, [%{file: ^list, message: message}]} = :linkspan_build.run(options)
        assert message =~ words
      end

      File.rm!(list)

      assert {:error, [%{file: ^list, message: "no such file" <> _}]} =
               :linkspan_build.run(options)

      System.put_env("LINKSPAN_PRECOMPILED", "elsewhere")
      assert {:error, [%{message: message}]} = :linkspan_build.run(options)
      assert message =~ "absolute path"
    end

    test "may be of other applications only", %{options: options, folder: folder} do
      assert {:error, [%{message: message}]} = :linkspan_build.run(%{options | app: :other})
      assert message =~ "#{folder} has nothing of it"
    end
  end
end
