defmodule Bench.Load do
  @moduledoc false
  # Mixed work for a second or so: 99 of 100 requests take 10 us, one takes 10 ms. Closed: callers ask again at once. Open:
  # they ask when the plan says, and time counts from then, however late the request could start. Beside it a canary.

  alias Bench.{Canary, LoadCaller, Meter, Peers, Statistics, Work}
  alias Bench.Peers.{CDriver, CNif}

  @short_us 10
  @long_us 10_000
  @closed_callers 16
  # Enough that a caller is hardly ever busy with its last request when the next is due.
  @open_callers 64

  @typedoc "Subjects by name: what a caller, known by its index, calls with a body."
  @type t :: %{
          short: Work.t(),
          long: Work.t(),
          subjects: [{atom(), (pos_integer() -> (binary() -> term()))}]
        }

  @spec prepare(Peers.t(), Bench.Plan.t()) :: t()
  def prepare(peers, plan) do
    dirty = fn _caller -> fn body -> CNif.dirty_cpu(4, body) end end
    pool = fn _caller -> fn body -> CDriver.deferred(peers.c_driver_pool, 4, body) end end

    %{
      short: Work.spin(@short_us, plan.steps_per_us),
      long: Work.spin(@long_us, plan.steps_per_us),
      subjects: [
        {:c_dirty_cpu, dirty},
        {:driver_many, many(peers.library, :driver)},
        {:nif_many, many(peers.library, :nif)},
        {:c_driver_pool, pool},
        {:c_dirty_cpu_again, dirty}
      ]
    }
  end

  # Independent requests, as those to a NIF are: each caller pins a lane.
  defp many(library, host) do
    pool = Peers.instance(library, host: host, lanes: @open_callers)

    fn caller ->
      lane = Linkspan.lane(pool, caller)

      fn body ->
        {:ok, reply} = Linkspan.call(lane, :spin_long, body)
        reply
      end
    end
  end

  @doc "Each kind of load on each subject. The capacity is what C dirty NIFs did under the first closed load."
  @spec run(t(), Bench.Plan.t(), pos_integer()) :: [Bench.Start.taken()]
  def run(load, plan, run) do
    {_, _, _, %{ops: capacity}} = hd(closed = all(load, plan, run, :closed, nil))

    closed ++
      Enum.flat_map(plan.loads -- [:closed], &all(load, plan, run, &1, capacity * part(&1)))
  end

  defp part(:open_50), do: 0.5
  defp part(:open_80), do: 0.8

  defp all(load, plan, run, kind, rate) do
    for {name, call} <- load.subjects do
      callers = if kind == :closed, do: @closed_callers, else: @open_callers
      {run, 1, {name, "load #{kind}", callers}, sample(load, call, callers, rate, plan.load_ms)}
    end
  end

  defp sample(load, call, callers, rate, ms) do
    pace = if rate, do: callers * 1.0e9 / rate
    start = fn caller -> LoadCaller.start(self(), {load.short, load.long}, call, caller, pace) end
    pids = Enum.map(1..callers, start)
    for pid <- pids, do: receive(do: ({:ready, ^pid} -> :ok))
    canary = Canary.start()
    before = Meter.read([])
    from = :erlang.monotonic_time(:nanosecond)
    for pid <- pids, do: send(pid, {:go, from, from + ms * 1_000_000})
    noted = for pid <- pids, do: receive(do: ({:done, ^pid, noted} -> noted))
    %{cpu: cpu, switches: switches} = Meter.spent(before, Meter.read([]))
    stop = :erlang.monotonic_time(:nanosecond)
    seen = Canary.stop(canary)
    short = Enum.flat_map(noted, &elem(&1, 0))
    long = Enum.flat_map(noted, &elem(&1, 1))
    calls = length(short) + length(long)

    short
    |> Statistics.distribution()
    |> Map.merge(%{
      ops: calls * 1.0e9 / (stop - from),
      cpu: cpu / calls,
      switches: switches / calls,
      reductions: 0.0
    })
    |> Map.merge(seen)
  end
end
