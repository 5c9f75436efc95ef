defmodule Bench.Canary do
  @moduledoc false
  # What others on the schedulers suffer: a process on each, which wants to be woken every millisecond, and the VM's own
  # complaints about whoever holds a scheduler for a millisecond.

  alias Bench.Statistics

  @opaque t :: {[pid()], pid()}
  @type seen :: %{
          canary_p50: number(),
          canary_p99: number(),
          canary_p999: number(),
          canary_max: number(),
          long_schedule: non_neg_integer()
        }

  @spec start() :: t()
  def start do
    watcher = spawn_link(fn -> count(0) end)
    :erlang.system_monitor(watcher, [{:long_schedule, 1}])
    parent = self()

    canaries =
      for scheduler <- 1..System.schedulers_online() do
        # The option is the VM's own, and has no documentation: bound to a scheduler.
        :erlang.spawn_opt(fn -> sing(parent, now_ms(), []) end, [:link, {:scheduler, scheduler}])
      end

    {canaries, watcher}
  end

  @doc "Ends it. Times are nanoseconds from when a canary should have been woken to when it was."
  @spec stop(t()) :: seen()
  def stop({canaries, watcher}) do
    :erlang.system_monitor(:undefined)
    for canary <- canaries, do: send(canary, :stop)
    late = Enum.flat_map(canaries, fn canary -> receive(do: ({:late, ^canary, late} -> late)) end)
    send(watcher, {:stop, self()})
    events = receive(do: ({:events, ^watcher, events} -> events))
    %{p50: p50, p99: p99, p999: p999, max: max} = Statistics.distribution(late)

    %{canary_p50: p50, canary_p99: p99, canary_p999: p999, canary_max: max, long_schedule: events}
  end

  defp sing(parent, last, late) do
    # The next whole millisecond that has not begun.
    due = max(last, now_ms()) + 1
    timer = :erlang.start_timer(due, self(), :wake, abs: true)

    receive do
      {:timeout, ^timer, :wake} ->
        sing(parent, due, [:erlang.monotonic_time(:nanosecond) - due * 1_000_000 | late])

      :stop ->
        send(parent, {:late, self(), late})
    end
  end

  defp count(events) do
    receive do
      {:monitor, _held, :long_schedule, _what} -> count(events + 1)
      {:stop, parent} -> send(parent, {:events, self(), events})
    end
  end

  defp now_ms, do: :erlang.monotonic_time(:millisecond)
end
