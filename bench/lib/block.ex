defmodule Bench.Block do
  @moduledoc false
  # One block: the callers of a subject call for some 50 ms, and what that took per call.

  alias Bench.{Caller, Meter, Statistics, Subject}

  @block_ns 50_000_000
  # Blocks that nobody looks at.
  @warm_up_ns 15_000_000
  # Latencies that a caller can note; and how much longer than expected it may go on without losing some.
  @most_noted 100_000
  @spare 2

  @typedoc "Times are nanoseconds; CPU time, context switches and reductions are per call."
  @type sample :: %{
          p50: number(),
          p99: number(),
          p999: number(),
          max: number(),
          ops: float(),
          cpu: float(),
          switches: float(),
          reductions: float()
        }

  @doc "Warms a subject up, and finds how many calls there are to be between two looks at the clock."
  @spec prepare(Subject.t()) :: {Subject.t(), pos_integer(), pos_integer()}
  def prepare(subject) do
    run({subject, 1, 1000}, @warm_up_ns)
    %{ops: ops} = run({subject, 1, 1000}, @warm_up_ns)
    ns = 1.0e9 / ops * subject.callers
    batch = batch(ns, subject.callers)
    expected = ceil(@spare * @block_ns / (ns * batch)) + 1
    {subject, batch, min(expected, @most_noted)}
  end

  # Below a microsecond the clock itself would count.
  defp batch(ns, 1) when ns < 1000, do: 1000
  defp batch(ns, callers) when ns < 1000 * callers, do: 20
  defp batch(_ns, _callers), do: 1

  @spec run({Subject.t(), pos_integer(), pos_integer()}, pos_integer()) :: sample()
  def run({subject, batch, room}, for_ns \\ @block_ns) do
    callers = for _ <- 1..subject.callers, do: Caller.start(self(), subject, batch, room)
    for caller <- callers, do: receive(do: ({:ready, ^caller} -> :ok))
    before = Meter.read(subject.programs)
    start = :erlang.monotonic_time(:nanosecond)
    for caller <- callers, do: send(caller, {:go, start + for_ns})
    noted = for caller <- callers, do: receive(do: ({:done, ^caller, noted} -> noted))
    spent = Meter.spent(before, Meter.read(subject.programs))
    calls = noted |> Enum.map(& &1.calls) |> Enum.sum()
    stop = noted |> Enum.map(& &1.stop) |> Enum.max()
    reductions = noted |> Enum.map(& &1.reductions) |> Enum.sum()

    noted
    |> Enum.flat_map(&latencies(&1, batch))
    |> Statistics.distribution()
    |> Map.merge(%{
      ops: calls * 1.0e9 / (stop - start),
      cpu: spent.cpu / calls,
      switches: spent.switches / calls,
      reductions: reductions / calls
    })
  end

  defp latencies(%{latencies: latencies, count: count}, batch),
    do: for(index <- 1..count, do: :atomics.get(latencies, index) / batch)
end
