# Measures subjects against each other: short blocks in turn, so that other load on the machine meets all alike.
defmodule Bench.Measure do
  @moduledoc false

  @block_ns 50_000_000

  # A subject is {name, callers, call}: so many processes do nothing but `call`.
  # Returns nanoseconds per call by name, one figure a round.
  def rounds(subjects, rounds) do
    prepared = Enum.map(subjects, &prepare/1)

    blocks =
      for _round <- 1..rounds, {name, callers, call, batch} <- prepared do
        {name, block(callers, call, batch)}
      end

    Enum.group_by(blocks, &elem(&1, 0), &elem(&1, 1))
  end

  def median(figures), do: figures |> Enum.sort() |> Enum.at(div(length(figures), 2))

  # Warms up, and finds the batch in which the clock no longer counts.
  defp prepare({name, callers, call}) do
    ns = Enum.min(for _block <- 1..2, do: block(callers, call, 1))
    {name, callers, call, batch(ns)}
  end

  defp batch(ns) when ns < 1000, do: 1000
  defp batch(ns) when ns < 10_000, do: 100
  defp batch(_ns), do: 1

  # One caller: the median of the block's batches.
  defp block(1, call, batch), do: median(batches(call, batch, now() + @block_ns))

  # Many: the time per call of all together.
  defp block(callers, call, _batch) do
    start = now()
    count = fn -> repeat_until(call, start + @block_ns, 0) end
    calls = for(_ <- 1..callers, do: Task.async(count)) |> Task.await_many() |> Enum.sum()
    (now() - start) / calls
  end

  defp batches(call, batch, until) do
    start = now()
    repeat(call, batch)
    stop = now()
    ns = (stop - start) / batch
    if stop < until, do: [ns | batches(call, batch, until)], else: [ns]
  end

  defp repeat(_call, 0), do: :ok

  defp repeat(call, times) do
    call.()
    repeat(call, times - 1)
  end

  defp repeat_until(call, until, calls) do
    call.()
    if now() < until, do: repeat_until(call, until, calls + 1), else: calls + 1
  end

  defp now, do: System.monotonic_time(:nanosecond)
end
