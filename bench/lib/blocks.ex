defmodule Bench.Blocks do
  @moduledoc false
  # The tables that documents show, as Markdown made from results. A block is known by its name.

  import Bench.Markdown
  import Bench.Words

  alias Bench.{Calls, Steps}

  @doc "What stands between the marks of a block."
  @spec text(String.t(), map()) :: String.t()
  def text("measured", results), do: measured(results) <> "\n"
  def text("musts", results), do: musts(results["measures"])
  def text("boundaries", results), do: Calls.boundaries(results)
  def text("kernels", results), do: Calls.kernels(results)
  def text("steps", results), do: Steps.inline(results)
  def text("hosts", results), do: Calls.hosts(results)
  def text("load", results), do: load(results)
  def text("ten_times", results), do: ten_times(results)
  def text("instances", results), do: instances(results)

  def text(name, _results) do
    names = "measured, musts, boundaries, kernels, steps, hosts, load, ten_times, instances"
    raise ArgumentError, "there is no block #{inspect(name)}; there are #{names}"
  end

  defp measured(%{"machine" => machine} = results) do
    variant = if results["quick"], do: " of `make bench QUICK=1`", else: " of `make bench`"

    "Measured at commit #{results["commit"]}, #{results["runs"]} runs#{variant}: #{machine["cores"]} cores " <>
      "(#{machine["cpu"]}), #{machine["kernel"]}, OTP #{results["otp"]} (#{machine["emulator"]})."
  end

  defp musts(measures) do
    rows =
      for measure <- measures do
        [low, high] = measure["spread"]

        [
          measure["what"],
          measure["against"],
          value(measure["value"], measure["unit"]),
          "#{number(low)} - #{number(high)}",
          must(measure),
          if(measure["aim"], do: number(measure["aim"]), else: ""),
          holds(measure["pass"])
        ]
      end

    table(["measure", "against", "value", "spread", "must", "aim", ""], rows)
  end

  defp value(value, "ratio"), do: number(value)
  defp value(value, unit), do: String.trim("#{number(value)} #{unit}")

  defp must(%{"must" => nil}), do: ""
  defp must(%{"must" => must, "direction" => "lower"}), do: "at most #{number(must)}"
  defp must(%{"must" => must}), do: "at least #{number(must)}"

  defp holds(true), do: "holds"
  defp holds(false), do: "**fails**"
  defp holds(nil), do: ""

  defp load(results) do
    rows =
      for %{"work" => "load " <> load} = row <- results["rows"] do
        [
          row["subject"],
          load,
          time(row["p50"]),
          time(row["p99"]),
          rate(row["ops"]),
          time(row["canary_p999"]),
          number(row["long_schedule"])
        ]
      end

    header = [
      "subject",
      "load",
      "short, median",
      "short, 99 %",
      "requests",
      "canary, 99.9 %",
      "`long_schedule`"
    ]

    table(header, rows)
  end

  # Ten times the calls of a program that is asked one at a time, at what a call takes here: more cores than there are?
  defp ten_times(%{"rows" => rows, "machine" => %{"cores" => cores}}) do
    by_work = fn subject ->
      for %{"subject" => ^subject, "callers" => 64, "work" => work} = row <- rows,
          into: %{},
          do: {work, row}
    end

    peers = by_work.("c_program")
    messages = by_work.("messages")

    table =
      for {work, %{"cpu" => cpu}} <- by_work.("program"),
          %{^work => %{"ops" => ops}} <- [peers] do
        [
          work,
          rate(10 * ops),
          time(cpu),
          time(messages[work]["cpu"]),
          number(10 * ops * cpu / 1.0e9),
          "#{cores}"
        ]
      end

    header = [
      "64 callers",
      "ten times",
      "CPU time of a call",
      "of its messages alone",
      "cores that would take",
      "there are"
    ]

    table(header, table)
  end

  defp instances(%{"instances" => instances, "figures" => figures}) do
    rows =
      for row <- instances do
        bytes = cell(row["bytes"], &number/1)

        [
          "`#{row["host"]}`",
          "#{row["instances"]}",
          time(row["open_ns"]),
          time(row["close_ns"]),
          bytes
        ]
      end

    start = figures["program_start_us"] |> Enum.max() |> Kernel.*(1000) |> time()
    queued = figures["queued_request_bytes"] |> Enum.max() |> number()

    table(["host", "open already", "to open one more", "to close it", "bytes of each"], rows) <>
      "\nTo start `linkspan_program` takes #{start}; a queued request of 16 B takes #{queued} bytes.\n"
  end
end
