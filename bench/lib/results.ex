defmodule Bench.Results do
  @moduledoc false
  # What `make bench` leaves behind: results/latest.json and, drawn from it, results/report.html.

  alias Bench.{Json, Machine}

  @folder Path.expand("../results", __DIR__)

  @spec latest() :: Path.t()
  def latest, do: Path.join(@folder, "latest.json")

  @spec write(Bench.Plan.t(), [Bench.Judge.verdict()], [map()], [map()], map()) :: :ok
  def write(plan, verdicts, rows, instances, figures) do
    File.mkdir_p!(@folder)
    File.write!(latest(), Json.encode_lines(document(plan, verdicts, rows, instances, figures)))
    IO.puts("Written: #{Path.relative_to_cwd(latest())}")
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
