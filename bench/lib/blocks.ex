defmodule Bench.Blocks do
  @moduledoc false
  # The tables that documents show, as Markdown made from results. A block is known by its name.

  import Bench.Words

  # What a call costs, and where: subject, its name, callers.
  @boundaries [
    {"gen_server", "`gen_server:call` to a process"},
    {"c_driver", "C driver, `port_control/3`"},
    {"driver_trait", "driver on the `Driver` trait, `port_control/3`"},
    {"service_control", "service, `port_control/3`"},
    {"driver_call", "`call/4`, `driver`, inline"},
    {"c_nif", "C NIF"},
    {"rustler_nif", "Rustler NIF"},
    {"nif_call", "`call/4`, `nif`, inline"},
    {"c_dirty_cpu", "C NIF, dirty"},
    {"nif_dirty_cpu", "`call/4`, `nif`, `deferred: dirty_cpu`"},
    {"driver_deferred", "`call/4`, `driver`, deferred"},
    {"nif_deferred", "`call/4`, `nif`, deferred"},
    {"c_nif_pool", "C NIF, own threads, `enif_send`"},
    {"c_driver_pool", "C driver, own threads, `erl_drv_send_term`"},
    {"c_driver_async", "C driver, `driver_async`"},
    {"c_program", "C program behind a GenServer"},
    {"program", "`call/4`, `program`"}
  ]

  # Host, and the subjects that show it: inline, deferred, and a body of 64 KiB.
  @hosts [
    {"`driver`", "driver_call", "driver_deferred"},
    {"`nif`", "nif_call", "nif_deferred"},
    {"`nif`, dirty schedulers", nil, "nif_dirty_cpu"},
    {"`program`", "program", "program"}
  ]
  @small "copy 16 B"

  @doc "What stands between the marks of a block."
  @spec text(String.t(), map()) :: String.t()
  def text("measured", results), do: measured(results) <> "\n"
  def text("musts", results), do: musts(results["measures"])
  def text("boundaries", results), do: boundaries(results)
  def text("hosts", results), do: hosts(results)
  def text("load", results), do: load(results)
  def text("instances", results), do: instances(results)

  def text(name, _results) do
    names = "measured, musts, boundaries, hosts, load, instances"
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

  defp boundaries(results) do
    rows =
      for {subject, name} <- @boundaries, row = find(results, subject, @small, 1) do
        [name, time(row["p50"]), time(row["p99"]), time(row["cpu"])]
      end

    table(["16 B there and back, one caller", "median", "99 %", "CPU time"], rows)
  end

  defp hosts(results) do
    rows =
      for {name, inline, deferred} <- @hosts do
        [
          name,
          cell(find(results, inline, @small, 1)["p50"], &time/1),
          cell(find(results, deferred, @small, 1)["p50"], &time/1),
          cell(find(results, inline || deferred, "copy 64 KiB", 1)["p50"], &time/1),
          cell(many(results, deferred), &rate/1)
        ]
      end

    table(
      [
        "host",
        "short request",
        "deferred request",
        "64 KiB there and back",
        "deferred, many callers"
      ],
      rows
    )
  end

  # The most callers that were tried.
  defp many(results, subject) do
    rows = for %{"subject" => ^subject, "work" => @small} = row <- results["rows"], do: row
    if rows != [], do: Enum.max_by(rows, & &1["callers"])["ops"]
  end

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

  defp find(results, subject, work, callers) do
    Enum.find(results["rows"], %{}, fn row ->
      row["subject"] == subject and row["work"] == work and row["callers"] == callers
    end)
  end

  defp cell(nil, _words), do: ""
  defp cell(value, words), do: words.(value)

  defp table(header, rows) do
    for cells <- [header, Enum.map(header, fn _ -> "---" end) | rows],
        into: "",
        do: "| #{Enum.join(cells, " | ")} |\n"
  end
end
