defmodule Bench.LoadCaller do
  @moduledoc false
  # A caller of `Bench.Load`: asks for short work, and now and then for long work.

  alias Bench.Work

  # One request in so many is long.
  @long_one_in 100
  @ms 1_000_000

  @type noted :: {short :: [integer()], long :: [integer()]}
  @type call :: (binary() -> binary())

  @doc """
  Starts a caller. It sends `{:ready, pid}`, waits for `{:go, from, until}` and at last sends `{:done, pid, noted}`, the
  latencies of short and of long requests in nanoseconds. `pace` is the mean time between its requests, `nil` if it asks
  again as soon as it has its answer.
  """
  @spec start(
          pid(),
          {Work.t(), Work.t()},
          (pos_integer() -> call()),
          pos_integer(),
          float() | nil
        ) ::
          pid()
  def start(parent, works, call, index, pace) do
    spawn_link(fn ->
      call = call.(index)
      # The same requests at the same times for every subject.
      :rand.seed(:exsss, index)
      send(parent, {:ready, self()})

      receive do
        {:go, from, until} ->
          noted = next({works, call, until, pace}, due(from, pace), {[], []})
          send(parent, {:done, self(), noted})
      end
    end)
  end

  defp next({_works, _call, until, _pace}, due, noted) when due >= until, do: noted

  defp next({{short, long}, call, _until, pace} = fixed, due, {shorts, longs}) do
    wait(due)
    long? = :rand.uniform(@long_one_in) == 1
    %Work{body: body, reply: reply} = if long?, do: long, else: short
    ^reply = call.(body)
    took = now() - due
    noted = if long?, do: {shorts, [took | longs]}, else: {[took | shorts], longs}
    next(fixed, due(due, pace), noted)
  end

  # When the next request is to start: now, or at random (exponential gaps). On whole milliseconds: the VM's timers know
  # no others.
  defp due(_last, nil), do: now()

  defp due(last, pace),
    do: round((last - :math.log(1.0 - :rand.uniform()) * pace) / @ms) * @ms

  defp wait(due) do
    if due > now() do
      :erlang.start_timer(div(due, @ms), self(), :due, abs: true)
      receive(do: ({:timeout, _timer, :due} -> :ok))
    end
  end

  defp now, do: :erlang.monotonic_time(:nanosecond)
end
