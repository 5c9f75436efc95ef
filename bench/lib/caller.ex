defmodule Bench.Caller do
  @moduledoc false
  # A process that does nothing but call, for a time, and notes how long each call took.

  alias Bench.Subject

  @type noted :: %{
          calls: pos_integer(),
          stop: integer(),
          reductions: non_neg_integer(),
          latencies: :atomics.atomics_ref(),
          count: pos_integer()
        }

  @doc """
  Starts a caller. It prepares, sends `{:ready, pid}`, waits for `{:go, until}` and at last sends `{:done, pid, noted}`.

  It reads the clock once in `batch` calls, and has room for so many latencies; the later ones take the place of the first.
  """
  @spec start(pid(), Subject.t(), pos_integer(), pos_integer()) :: pid()
  def start(parent, subject, batch, room) do
    spawn_link(fn ->
      call = subject.prepare.()
      # Not on the heap, where they would be garbage to collect.
      latencies = :atomics.new(room, [])
      send(parent, {:ready, self()})

      receive do
        {:go, until} ->
          before = reductions()
          start = now()
          {batches, stop} = loop({call, batch, until, latencies, room}, 0, start)
          used = reductions() - before
          count = min(batches, room)

          noted = %{calls: batches * batch, stop: stop, reductions: used}
          send(parent, {:done, self(), Map.merge(noted, %{latencies: latencies, count: count})})
      end
    end)
  end

  defp loop({call, batch, until, latencies, room} = fixed, batches, last) do
    repeat(call, batch)
    now = now()
    :atomics.put(latencies, rem(batches, room) + 1, now - last)
    if now < until, do: loop(fixed, batches + 1, now), else: {batches + 1, now}
  end

  defp repeat(_call, 0), do: :ok

  defp repeat(call, times) do
    call.()
    repeat(call, times - 1)
  end

  defp reductions do
    {:reductions, reductions} = Process.info(self(), :reductions)
    reductions
  end

  defp now, do: :erlang.monotonic_time(:nanosecond)
end
