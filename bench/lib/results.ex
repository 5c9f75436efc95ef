defmodule Bench.Results do
  @moduledoc false
  # What `make bench` leaves behind: results/latest.json and, drawn from it, results/report.html.

  alias Bench.{Build, Json, Machine}

  @folder Path.expand("../results", __DIR__)

  @spec latest() :: Path.t()
  def latest, do: Path.join(@folder, "latest.json")

  @doc "What was measured last."
  @spec read() :: map()
  def read, do: latest() |> File.read!() |> Json.decode()

  @spec write(Bench.Plan.t(), [Bench.Judge.verdict()], [map()], [map()], map()) :: :ok
  def write(plan, verdicts, rows, instances, figures) do
    File.mkdir_p!(@folder)
    File.write!(latest(), Json.encode_lines(document(plan, verdicts, rows, instances, figures)))
    report = Path.join(@folder, "report.html")
    {_, 0} = System.cmd(Build.report(), [latest(), report], into: IO.stream())
    IO.puts("Written: #{Path.relative_to_cwd(latest())}, #{Path.relative_to_cwd(report)}")
    :ok
  end

  defp document(plan, verdicts, rows, instances, figures) do
    [
      {"schema", 1},
      {"commit", Machine.commit()},
      {"machine", Machine.describe()},
      {"otp", to_string(:erlang.system_info(:otp_release))},
      {"quick", plan.quick},
      {"runs", plan.starts * plan.runs},
      {"measures",
       for(%{value: value} = verdict <- verdicts, value != nil, do: measure(verdict))},
      {"figures", figures},
      {"instances", instances},
      {"rows", rows}
    ]
  end

  defp measure(%{measure: measure, value: value, spread: {low, high}, pair: pair, pass: pass}) do
    measure
    |> Map.take([:id, :what, :against, :unit, :direction, :must, :aim])
    |> Map.merge(%{value: value, spread: [low, high], pass: pass, pair: pair(pair)})
  end

  defp pair(nil), do: nil
  defp pair(pair), do: for(id <- Tuple.to_list(pair), do: Tuple.to_list(id))
end
