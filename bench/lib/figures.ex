defmodule Bench.Figures do
  @moduledoc false
  # `make figures`: fills the marked places of documents with what was measured last.

  alias Bench.{Blocks, Results}

  @root Path.expand("../..", __DIR__)
  @block ~r/(<!-- bench:([a-z_]*) -->\n).*?(<!-- \/bench -->)/s
  @opening ~r/<!-- bench:/

  @doc "Writes into the documents what belongs there."
  @spec main() :: :ok
  def main do
    results = Results.read()

    for file <- documents(),
        text = File.read!(file),
        filled = fill(text, results),
        filled != text do
      File.write!(file, filled)
      IO.puts("Filled: #{Path.relative_to_cwd(file)}")
    end

    :ok
  end

  @doc "The documents that may have such places."
  @spec documents() :: [Path.t()]
  def documents,
    do: [Path.join(@root, "README.md") | Path.wildcard(Path.join(@root, "docs/*.md"))]

  @doc """
  A text with its blocks filled from results as `Bench.Json.decode/1` reads them. Raises if a block is unknown or does not
  end.
  """
  @spec fill(String.t(), map()) :: String.t()
  def fill(text, results) do
    found = length(Regex.scan(@opening, text))
    whole = length(Regex.scan(@block, text))

    if found != whole,
      do:
        raise(
          ArgumentError,
          "#{found - whole} of #{found} blocks do not end with <!-- /bench -->"
        )

    Regex.replace(@block, text, fn _all, opening, name, closing ->
      opening <> Blocks.text(name, results) <> closing
    end)
  end
end
