defmodule Bench.Judge do
  @moduledoc false
  # From samples to verdicts: round by round, then the median of each run, then of all runs.

  alias Bench.{Measure, Start, Statistics}

  @typedoc "A sample by VM, run, round and subject."
  @type samples :: [{start :: pos_integer(), Start.taken()}]

  @typedoc "A measure with its value, `nil` if it was not measured. The spread is the least and the most of the runs."
  @type verdict :: %{
          measure: Measure.t(),
          value: number() | nil,
          spread: {number(), number()} | nil,
          # The pair of subjects that was worst.
          pair: {Bench.Subject.id(), Bench.Subject.id()} | nil,
          pass: boolean() | nil
        }

  @doc "Judges measures by samples, and by figures that have one value a run."
  @spec verdicts([Measure.t()], samples(), %{atom() => [number()]}) :: [verdict()]
  def verdicts(measures, samples, figures) do
    by_id = by_id(samples)
    Enum.map(measures, &verdict(&1, by_id, figures))
  end

  defp by_id(samples) do
    samples
    |> Enum.group_by(
      fn {_, {_, _, id, _}} -> id end,
      fn {start, {run, round, _, sample}} -> {{start, run}, round, sample} end
    )
    |> Map.new(fn {id, taken} -> {id, by_run(taken)} end)
  end

  defp by_run(taken) do
    taken
    |> Enum.group_by(&elem(&1, 0), &{elem(&1, 1), elem(&1, 2)})
    |> Map.new(fn {run, rounds} -> {run, Map.new(rounds)} end)
  end

  defp verdict(%Measure{form: :figure, id: id} = measure, _by_id, figures) do
    case Map.get(figures, String.to_atom(id), []) do
      [] -> judged(measure, [])
      values -> judged(measure, [{nil, worst_and_spread(measure, values)}])
    end
  end

  defp verdict(measure, by_id, _figures) do
    found =
      for {of, to} = pair <- measure.pairs,
          is_map_key(by_id, of) and is_map_key(by_id, to) do
        {pair, measure |> runs(by_id[of], by_id[to]) |> value_and_spread(measure)}
      end

    judged(measure, found)
  end

  # A count that must never be passed is not one for medians.
  defp worst_and_spread(%Measure{direction: :lower}, values),
    do: {Enum.max(values), Enum.min_max(values)}

  # Events are few, and there may be none: those of all runs in a VM count together, and for the value those of all VMs.
  defp runs(%{form: :events, metric: metric}, of, to) do
    sums = fn by_run ->
      for {{start, _run}, rounds} <- by_run, {_round, sample} <- rounds, reduce: %{} do
        sums -> Map.update(sums, start, sample[metric], &(&1 + sample[metric]))
      end
    end

    {of, to} = {sums.(of), sums.(to)}
    for {start, events} <- of, is_map_key(to, start), do: {events, to[start]}
  end

  defp runs(measure, of, to) do
    for {run, rounds} <- of, is_map_key(to, run) do
      compared = for {round, sample} <- rounds, do: compare(measure, sample, to[run][round])
      Statistics.median(compared)
    end
  end

  defp value_and_spread(counts, %{form: :events}) do
    {of, to} = Enum.unzip(counts)
    ratio = fn of, to -> (of + 1) / (to + 1) end
    spread = counts |> Enum.map(fn {of, to} -> ratio.(of, to) end) |> Enum.min_max()
    {ratio.(Enum.sum(of), Enum.sum(to)), spread}
  end

  defp value_and_spread(values, _measure), do: Statistics.spread(values)

  defp compare(%{form: :ratio, metric: metric}, of, to), do: of[metric] / to[metric]
  defp compare(%{form: :difference, metric: metric}, of, to), do: of[metric] - to[metric]

  defp judged(measure, []),
    do: %{measure: measure, value: nil, spread: nil, pair: nil, pass: nil}

  defp judged(measure, found) do
    sorter = if measure.direction == :lower, do: &>=/2, else: &<=/2
    [{pair, {value, spread}} | _] = Enum.sort_by(found, fn {_, {value, _}} -> value end, sorter)
    %{measure: measure, value: value, spread: spread, pair: pair, pass: pass(measure, value)}
  end

  defp pass(%Measure{must: nil}, _value), do: nil
  defp pass(%Measure{direction: :lower, must: must}, value), do: value <= must
  defp pass(%Measure{direction: :higher, must: must}, value), do: value >= must

  @doc "Samples put together, one row for each subject: the median of each metric."
  @spec rows(samples()) :: [map()]
  def rows(samples) do
    samples
    |> Enum.group_by(fn {_, {_, _, id, _}} -> id end, fn {_, {_, _, _, sample}} -> sample end)
    |> Enum.sort()
    |> Enum.map(fn {{name, work, callers}, [first | _] = samples} ->
      middle =
        Map.new(Map.keys(first), &{&1, Statistics.median(Enum.map(samples, fn s -> s[&1] end))})

      Map.merge(middle, %{subject: name, work: work, callers: callers, blocks: length(samples)})
    end)
  end
end
