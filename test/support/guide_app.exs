defmodule Linkspan.GuideApp do
  @moduledoc false
  # The application my_app of the guides: services that their Rust exports, built by cargo into its priv folder.

  @project Path.expand("../..", __DIR__)

  @doc "Builds a crate of each piece of code, runs its tests, and puts the application into the code path."
  def build(codes) do
    folder = Path.join(System.tmp_dir!(), "linkspan-guides-#{System.unique_integer([:positive])}")
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(folder) end)
    names = for code <- codes, do: crate(folder, code)

    File.write!(Path.join(folder, "Cargo.toml"), """
    [workspace]
    resolver = "3"
    members = #{inspect(names)}
    """)

    # What the project has built already is used again, and nothing is looked for elsewhere.
    File.cp!(Path.join(@project, "Cargo.lock"), Path.join(folder, "Cargo.lock"))
    target = System.get_env("CARGO_TARGET_DIR", Path.join(@project, "target"))
    cargo!(folder, ~w(build --quiet --offline --target-dir #{target}))
    cargo!(folder, ~w(test --quiet --offline --lib --target-dir #{target}))

    app = Path.join(folder, "my_app")
    for part <- ~w(ebin priv/native), do: File.mkdir_p!(Path.join(app, part))

    for name <- names do
      [library] = Path.wildcard(Path.join(target, "debug/lib#{name}.{so,dylib}"))
      File.cp!(library, Path.join(app, "priv/native/#{name}.so"))
    end

    Code.prepend_path(Path.join(app, "ebin"))
  end

  # A crate named after its service: the type that is exported, in snake case.
  defp crate(folder, code) do
    [type] = Regex.run(~r/linkspan::export!\((\w+)\);/, code, capture: :all_but_first)
    name = Macro.underscore(type)
    File.mkdir_p!(Path.join(folder, "#{name}/src"))
    File.write!(Path.join(folder, "#{name}/src/lib.rs"), code)

    File.write!(Path.join(folder, "#{name}/Cargo.toml"), """
    [package]
    name = "#{name}"
    version = "0.1.0"
    edition = "2024"

    [lib]
    crate-type = ["cdylib", "lib"]

    [lints.rust]
    warnings = "deny"

    [dependencies]
    linkspan = { path = "#{@project}/native/linkspan" }
    """)

    name
  end

  defp cargo!(folder, arguments) do
    {output, status} =
      System.cmd("cargo", arguments,
        cd: folder,
        stderr_to_stdout: true
      )

    if status != 0, do: raise("cargo #{Enum.join(arguments, " ")}:\n#{output}")
  end
end
