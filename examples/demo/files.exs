# The files that the demo reads: what DEMO_FILES names, or every Markdown file of the repository.

defmodule Demo.Files do
  @moduledoc false

  defmodule Error do
    @moduledoc false
    defexception [:message]
  end

  # Made by the build, not written for a reader.
  @built ~w(_build deps priv target)

  @doc "The files as `{path, text}`, in the order of their paths."
  def read! do
    files = Enum.flat_map(paths!(), &text!/1)
    if files == [], do: raise(Error, "there is no file left to read")
    files
  end

  defp paths! do
    case String.split(System.get_env("DEMO_FILES", "")) do
      [] -> Enum.reject(Path.wildcard("**/*.md"), &built?/1)
      names -> names |> Enum.flat_map(&named!/1) |> Enum.uniq() |> Enum.sort()
    end
  end

  defp built?(path), do: Enum.any?(Path.split(path), &(&1 in @built))

  # A name is tried as it is first, as it may contain what would be a pattern.
  defp named!(name) do
    found = if File.regular?(name), do: [name], else: Path.wildcard(name)

    case Enum.filter(found, &File.regular?/1) do
      [] -> raise Error, "DEMO_FILES: there is no file #{name}"
      files -> files
    end
  end

  defp text!(path) do
    case File.read(path) do
      {:ok, text} -> if String.valid?(path <> text), do: [{path, text}], else: skip(path)
      {:error, reason} -> raise Error, "cannot read #{path}: #{:file.format_error(reason)}"
    end
  end

  defp skip(path) do
    IO.puts("skipped, not UTF-8: #{inspect(path)}")
    []
  end
end
