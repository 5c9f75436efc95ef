defmodule Bench.Markdown do
  @moduledoc false
  # Tables.

  @spec table([String.t()], [[String.t()]]) :: String.t()
  def table(header, rows) do
    for cells <- [header, Enum.map(header, fn _ -> "---" end) | rows],
        into: "",
        do: "| #{Enum.join(cells, " | ")} |\n"
  end

  @doc "The words for a value, if there is one."
  @spec cell(number() | nil, (number() -> String.t())) :: String.t()
  def cell(nil, _words), do: ""
  def cell(value, words), do: words.(value)
end
