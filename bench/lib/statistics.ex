defmodule Bench.Statistics do
  @moduledoc false
  # Medians and quantiles.

  @doc "The value that so many of the values, 0 to 1, do not exceed."
  @spec quantile([number(), ...], float()) :: number()
  def quantile(values, part), do: values |> Enum.sort() |> of_sorted(length(values), part)

  @doc "The middle value; of an even number the mean of both in the middle."
  @spec median([number(), ...]) :: number()
  def median(values) do
    sorted = Enum.sort(values)
    half = div(length(values), 2)

    case rem(length(values), 2) do
      1 -> Enum.at(sorted, half)
      0 -> (Enum.at(sorted, half - 1) + Enum.at(sorted, half)) / 2
    end
  end

  @doc "What is shown of latencies."
  @spec distribution([number(), ...]) :: %{
          p50: number(),
          p99: number(),
          p999: number(),
          max: number()
        }
  def distribution(values) do
    sorted = values |> Enum.sort() |> List.to_tuple()
    at = &of_sorted(sorted, tuple_size(sorted), &1)
    %{p50: at.(0.5), p99: at.(0.99), p999: at.(0.999), max: at.(1.0)}
  end

  defp of_sorted(sorted, count, part) when is_list(sorted),
    do: Enum.at(sorted, index(count, part))

  defp of_sorted(sorted, count, part) when is_tuple(sorted), do: elem(sorted, index(count, part))

  # The nearest rank: no value is made up between two.
  defp index(count, part), do: max(ceil(part * count) - 1, 0)

  @doc "A run's value and the others: the median, and the least and the most."
  @spec spread([number(), ...]) :: {number(), {number(), number()}}
  def spread(values), do: {median(values), Enum.min_max(values)}
end
