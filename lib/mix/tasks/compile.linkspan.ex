defmodule Mix.Tasks.Compile.Linkspan do
  @moduledoc """
  Builds the crates in `native/` with cargo, and installs their libraries into `priv/native` of the built application.

      def project do
        [
          app: :my_app,
          compilers: [:linkspan | Mix.compilers()],
          ...
        ]
      end

  It comes before the other compilers, since a module that says `use Linkspan` is made from its library. `native` has
  a crate, or a workspace, in each folder, or is a workspace itself. A crate that makes a `cdylib` and depends on the
  crate `linkspan` is a service library: `sum` becomes `priv/native/sum.so`. In a `Cargo.toml`, `install` under
  `[package.metadata.linkspan]` says otherwise: another path below `priv`, for an executable as well, or `false`.

  Cargo's messages are diagnostics of Mix. While no source has changed, cargo is not asked and need not be there.
  `mix clean` removes the libraries, and keeps what cargo needs to build them quickly.

  ## Options

  In `mix.exs`, under `:linkspan`:

    * `:profile` - cargo's profile, by default `"release"` in every environment of Mix
    * `:arguments` - more arguments for `cargo build`, for example `["--locked"]`
    * `:target` - where cargo builds; default `_build/native`. The variable `CARGO_TARGET_DIR` comes before it

  On the command line:

    * `--force` - asks cargo in any case
    * `--all-warnings` - shows the warnings of crates that have not changed
    * `--warnings-as-errors` - fails if a crate has warnings

  ## Environment

    * `LINKSPAN_PRECOMPILED` - a folder, made by `mix linkspan.precompile`, with what was built elsewhere: cargo is not
      needed. Holds for Linkspan itself as well
    * `CARGO_BUILD_TARGET` - as for cargo: builds for another system. A module that says `use Linkspan` is made by
      running its library in `linkspan_program`, so that the system which compiles it must be able to run both
  """

  @shortdoc "Builds the crates in native/ with cargo"

  use Mix.Task.Compiler

  @recursive true
  @switches [force: :boolean, all_warnings: :boolean, warnings_as_errors: :boolean]

  @impl true
  def run(arguments) do
    {given, _, _} = OptionParser.parse(arguments, switches: @switches)
    ensure_crypto()
    {result, diagnostics} = :linkspan_build.run(options(given))
    if result == :noop and given[:all_warnings], do: Enum.each(diagnostics, &show/1)

    if given[:warnings_as_errors] && Enum.any?(diagnostics, &(&1.severity == :warning)),
      do: {:error, Enum.map(diagnostics, &diagnostic/1)},
      else: {result, Enum.map(diagnostics, &diagnostic/1)}
  end

  @impl true
  def manifests, do: [record()]

  @impl true
  def clean, do: :linkspan_build.clean(options([]))

  defp options(given) do
    config = Mix.Project.config()
    project = Keyword.validate!(config[:linkspan] || [], [:target, :profile, :arguments])

    Map.merge(Map.new(Keyword.take(project, [:profile, :arguments])), %{
      app: config[:app],
      source: File.cwd!(),
      priv: priv(config),
      record: record(),
      target: target(project[:target]),
      force: given[:force] || false,
      younger_than: Path.join(Mix.Project.manifest_path(config), "compile.elixir"),
      colour: IO.ANSI.enabled?(),
      print: &IO.write(:stderr, &1)
    })
  end

  # Checksums need it. From 1.15 on Mix hides what an application does not name.
  defp ensure_crypto do
    if function_exported?(Mix, :ensure_application!, 1),
      do: apply(Mix, :ensure_application!, [:crypto])
  end

  # Mix links it to the application's own, which may be gone by now.
  defp priv(config) do
    priv = Path.join(Mix.Project.app_path(config), "priv")
    if match?({:ok, _}, File.read_link(priv)) and not File.dir?(priv), do: File.rm!(priv)
    priv
  end

  defp record, do: Path.join(Mix.Project.manifest_path(), "compile.linkspan")

  # Cargo's profiles are not Mix's environments, which share what it builds.
  defp target(nil) do
    path = Mix.Project.build_path()
    root = if System.get_env("MIX_BUILD_PATH"), do: path, else: Path.dirname(path)
    Path.join(root, "native")
  end

  defp target(path), do: Path.expand(path)

  defp show(diagnostic), do: IO.write(:stderr, :linkspan_diagnostic.format(diagnostic))

  defp diagnostic(%{file: file, severity: severity, message: message, position: position}) do
    %Mix.Task.Compiler.Diagnostic{
      compiler_name: "Linkspan",
      file: file,
      severity: severity,
      message: message,
      position: position(position)
    }
  end

  # In Mix, columns begin at 0.
  defp position(:undefined), do: 0

  defp position({line, column, last_line, last_column}),
    do: {line, column - 1, last_line, last_column - 1}
end
