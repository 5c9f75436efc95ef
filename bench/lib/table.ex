defmodule Bench.Table do
  @moduledoc false
  # What came out, in the terminal.

  import Bench.Words

  @doc "One line for each measure that was taken."
  @spec print([Bench.Judge.verdict()]) :: :ok
  def print(verdicts) do
    taken = for %{value: value} = verdict <- verdicts, value != nil, do: verdict
    line(["", "value", "spread", "must", "aim", "", "against"])
    Enum.each(taken, &(&1 |> columns() |> line()))
    failed = for %{pass: false, measure: measure} <- taken, do: measure.id
    musts = Enum.count(taken, &(&1.pass != nil))
    IO.puts("\n#{musts - length(failed)} of #{musts} musts hold.")
    if failed != [], do: IO.puts("Not: #{Enum.join(failed, ", ")}.")
    :ok
  end

  @doc "One line for each subject: what of the rows is of use while one works on them."
  @spec print_rows([map()]) :: :ok
  def print_rows(rows) do
    IO.puts("")

    rows_line(["", "", "callers", "p50 ns", "p99 ns", "ops/s", "CPU ns", "switches", "reductions"])

    for row <- rows do
      numbers = for key <- [:p50, :p99, :ops, :cpu, :switches, :reductions], do: number(row[key])
      rows_line([Atom.to_string(row.subject), row.work, number(row.callers) | numbers])
    end

    :ok
  end

  @doc "What one more instance costs, at each count."
  @spec print_instances([map()]) :: :ok
  def print_instances([]), do: :ok

  def print_instances(rows) do
    IO.puts("")
    rows_line(["", "instances", "open us", "close us", "bytes"])

    for row <- rows do
      numbers = [number(row.open_ns / 1000), number(row.close_ns / 1000), "#{row.bytes}"]
      rows_line([Atom.to_string(row.host), number(row.instances) | numbers])
    end

    IO.puts("")
  end

  defp rows_line([subject, work | numbers]) do
    columns = for number <- numbers, do: String.pad_leading(number, 11)
    IO.puts([String.pad_trailing(subject, 22), String.pad_trailing(work, 14), columns])
  end

  defp columns(%{measure: measure, value: value, spread: {low, high}, pass: pass} = verdict) do
    [
      measure.what,
      "#{number(value)}#{unit(measure.unit)}",
      "#{number(low)} - #{number(high)}",
      must(measure),
      if(measure.aim, do: number(measure.aim), else: ""),
      verdict(measure, value, pass),
      measure.against <> worst(verdict)
    ]
  end

  # Which of several it was.
  defp worst(%{measure: %{pairs: [_, _ | _]}, pair: {{_, work, _}, _}}), do: " (worst: #{work})"
  defp worst(_verdict), do: ""

  defp must(%{must: nil}), do: ""
  defp must(%{must: must, direction: :lower}), do: "<= #{number(must)}"
  defp must(%{must: must, direction: :higher}), do: ">= #{number(must)}"

  defp verdict(_measure, _value, false), do: "FAIL"
  defp verdict(_measure, _value, nil), do: ""
  defp verdict(%{aim: aim, direction: :lower}, value, true) when value <= aim, do: "aim"
  defp verdict(%{aim: aim, direction: :higher}, value, true) when value >= aim, do: "aim"
  defp verdict(_measure, _value, true), do: "pass"

  defp unit("ratio"), do: ""
  defp unit(""), do: ""
  defp unit(unit), do: " " <> unit

  defp line([what, value, spread, must, aim, verdict, against]) do
    columns = [{value, 9}, {spread, 15}, {must, 9}, {aim, 6}]
    figures = for {text, width} <- columns, do: String.pad_leading(text, width)

    IO.puts([
      String.pad_trailing(what, 48),
      figures,
      "  ",
      String.pad_trailing(verdict, 5),
      against
    ])
  end
end
