defmodule Mix.Tasks.Linkspan.Precompile do
  @shortdoc "Copies built native code into a folder for LINKSPAN_PRECOMPILED"

  @moduledoc """
  Builds, and copies the native code of Linkspan, of the application and of its dependencies into a folder, with a list
  of SHA-256 checksums.

      mix linkspan.precompile DIR

  Where the variable `LINKSPAN_PRECOMPILED` names that folder, nothing else is needed to compile: no cargo, no Rust. It
  holds for the system that it was built on or, with `CARGO_BUILD_TARGET`, for; other systems need folders of their own.
  `sha256sum -c SHA256SUMS` checks it, too.
  """

  use Mix.Task

  @impl true
  @spec run([String.t()]) :: :ok
  def run([dir]) do
    Mix.Task.run("compile")

    case :linkspan_precompiled.make(Path.expand(dir), applications()) do
      {:ok, paths} ->
        Enum.each(paths, &Mix.shell().info("* #{&1}"))

      {:error, errors} ->
        Mix.raise(Enum.map_join(errors, "\n", &:linkspan_diagnostic.format/1))
    end
  end

  def run(_arguments), do: Mix.raise("mix linkspan.precompile wants a folder, and nothing else")

  # Whatever has been built beside this application, and itself.
  defp applications do
    for path <- Path.wildcard(Path.join(Mix.Project.build_path(), "lib/*")),
        record = Path.join(path, ".mix/compile.linkspan"),
        File.exists?(record) do
      {path |> Path.basename() |> String.to_atom(), Path.join(path, "priv"), record}
    end
  end
end
