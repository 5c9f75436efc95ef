defmodule Bench.Calls do
  @moduledoc false
  # Tables of what calls cost, for documents.

  import Bench.Markdown
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

  @kernels [
    "nop 0 B",
    "copy 16 B",
    "checksum 1 KiB",
    "spin 1 us",
    "spin 10 us",
    "spin 100 us",
    "fail",
    "panic"
  ]
  @inline [
    {"c_nif", "C NIF"},
    {"rustler_nif", "Rustler NIF"},
    {"nif_call", "`call/4`, `nif`"},
    {"c_driver", "C driver, `port_control/3`"},
    {"driver_call", "`call/4`, `driver`"}
  ]

  @spec boundaries(map()) :: String.t()
  def boundaries(results) do
    rows =
      for {subject, name} <- @boundaries, row = find(results, subject, @small, 1) do
        [name, time(row["p50"]), time(row["p99"]), time(row["cpu"])]
      end

    table(["16 B there and back, one caller", "median", "99 %", "CPU time"], rows)
  end

  @spec kernels(map()) :: String.t()
  def kernels(results) do
    rows =
      for {subject, name} <- @inline do
        [name | for(work <- @kernels, do: cell(find(results, subject, work, 1)["p50"], &time/1))]
      end

    table(["inline, one caller, median" | @kernels], rows)
  end

  @spec hosts(map()) :: String.t()
  def hosts(results) do
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

  defp find(results, subject, work, callers) do
    Enum.find(results["rows"], %{}, fn row ->
      row["subject"] == subject and row["work"] == work and row["callers"] == callers
    end)
  end
end
