defmodule Bench.Cost do
  @moduledoc false
  # What instances cost that nobody asks: memory, the time to open and close one more, and CPU time. In a VM of its own.

  alias Bench.{Meter, Peers, Start, Statistics}

  # How often one more instance is opened and closed at each count, and in how many goes, some time apart: the machine may
  # be busy with something else during most of them.
  @tries 200
  @goes 5
  @apart_ms 200
  @program_tries 20
  # Instances whose memory is measured: enough for what allocators set aside not to matter.
  @more 10_000
  @queued 10_000
  # About as long as it takes to open an instance.
  @work String.duplicate("x", 32 * 1024)
  @idle_ms 1000
  @idle_spans 5
  @idle_programs 10

  @type outcome :: %{rows: [map()], figures: %{atom() => number()}}

  @doc "The flags of the VM that this needs."
  @spec flags() :: String.t()
  def flags, do: "+Q 200000 +P 1048576"

  @doc "One more instance, when so many are open. For a VM that has opened none yet."
  @spec instances(Bench.Plan.t(), Path.t(), :driver | :nif) :: outcome()
  def instances(plan, folder, host) do
    :ok = :linkspan.load()
    counts = counts(Peers.library(folder), host, plan.instances)
    %{rows: Enum.map(counts, & &1.row), figures: %{instance_100k_flatness: flatness(counts)}}
  end

  @doc "What is idle, what is started, and what waits."
  @spec others(Path.t()) :: outcome()
  def others(folder) do
    :ok = Meter.load(folder)
    Start.progress("cost: idle, queue, programs")
    empty = cpu_percent([])
    :ok = :linkspan.load()
    library = Peers.library(folder)
    # What a VM uses more than it did when it was empty, for that is not nothing.
    idle = max(idle(library) - empty, 0.0)

    figures = %{
      idle_cpu_percent: idle,
      queued_request_bytes: queued_request(),
      program_start_us: program_start(library)
    }

    %{rows: [], figures: figures}
  end

  # Inside the VM and beside it.
  defp idle(library) do
    inside = for host <- [:driver, :nif], _ <- 1..1000, do: Peers.instance(library, host: host)
    beside = for _ <- 1..@idle_programs, do: Peers.instance(library, host: :program)
    programs = for instance <- beside, do: Linkspan.info(instance).os_pid
    # What opening has left behind is over after a while.
    Process.sleep(@idle_ms)
    percent = cpu_percent(programs)
    Enum.each(inside ++ beside, &Linkspan.close/1)
    percent
  end

  # Of one core; the median of some spans.
  defp cpu_percent(programs) do
    spans =
      for _ <- 1..@idle_spans do
        before = Meter.vm_and_programs(programs)
        Process.sleep(@idle_ms)
        (Meter.vm_and_programs(programs) - before) / (@idle_ms * 1.0e6) * 100
      end

    Statistics.median(spans)
  end

  defp counts(library, host, counts) do
    {counts, _open} =
      Enum.map_reduce(counts, 0, fn count, open ->
        Start.progress("cost: #{count} instances, #{host}")
        open(library, host, count - open)
        {times, relative} = one_more(library, host)

        {bytes, open} =
          if count > 1, do: {bytes(library, host), count + @more}, else: {nil, count}

        row = Map.merge(times, %{host: host, instances: count, bytes: bytes})
        {%{row: row, grows: Map.put(relative, :bytes, bytes)}, open}
      end)

    counts
  end

  # Of each of the next so many, which stay: what is closed leaves room for others, and a few of them would find some.
  defp bytes(library, host) do
    before = rss()
    open(library, host, @more)
    div(rss() - before, @more)
  end

  # By a process on each scheduler, which owns them.
  defp open(library, host, count) do
    parent = self()
    schedulers = System.schedulers_online()

    openers =
      for scheduler <- 1..schedulers do
        share = div(count, schedulers) + if(scheduler <= rem(count, schedulers), do: 1, else: 0)

        spawn_link(fn ->
          for _ <- 1..share//1, do: Peers.instance(library, host: host)
          send(parent, {:open, self()})
          Process.sleep(:infinity)
        end)
      end

    for opener <- openers, do: receive(do: ({:open, ^opener} -> :ok))
  end

  # In nanoseconds, and in what a fixed piece of work took at the same time: between two counts the machine may have become
  # slower or faster.
  defp one_more(library, host) do
    medians = for _ <- 1..@goes, do: one_go(library, host)
    least = fn of -> medians |> Enum.map(of) |> Enum.min() end
    times = Map.new([:open_ns, :close_ns], &{&1, least.(fn go -> go[&1] end)})
    {times, Map.new([:open_ns, :close_ns], &{&1, least.(fn go -> go[&1] / go.work_ns end)})}
  end

  defp one_go(library, host) do
    Process.sleep(@apart_ms)

    times =
      for _ <- 1..@tries do
        start = now()
        instance = Peers.instance(library, host: host)
        opened = now()
        settle()
        closing = now()
        :ok = Linkspan.close(instance)
        closed = now()
        settle()
        working = now()
        :erlang.md5(@work)
        %{open_ns: opened - start, close_ns: closed - closing, work_ns: now() - working}
      end

    Map.new([:open_ns, :close_ns, :work_ns], fn key ->
      {key, times |> Enum.map(& &1[key]) |> Statistics.median()}
    end)
  end

  # Until the keeper has noted what was opened or closed: it does so on its own time, and who asks for the port meanwhile
  # waits for it.
  defp settle, do: :sys.get_state(:linkspan_keeper)

  # The worst of what grows from the second count to the last.
  defp flatness([_one, some | _] = counts) do
    many = List.last(counts)
    Enum.max(for {key, value} <- some.grows, do: many.grows[key] / value)
  end

  defp program_start(library) do
    times =
      for _ <- 1..@program_tries do
        {us, instance} = :timer.tc(fn -> Peers.instance(library, host: :program) end)
        :ok = Linkspan.close(instance)
        us
      end

    Statistics.median(times)
  end

  # Of 16 B, behind one that does not end.
  defp queued_request do
    {:ok, echo} = Linkspan.open(service: :echo, queue: [limit: 2 * @queued])
    endless = Linkspan.send_request(echo, :sleep, "600000000")

    ask = fn ->
      for _ <- 1..@queued, do: Linkspan.send_request(echo, :echo_long, "sixteen bytes...")
    end

    # Once before, so that what the allocators keep is there.
    Enum.each(ask.(), &Linkspan.cancel/1)
    before = rss()
    requests = ask.()
    bytes = (rss() - before) / @queued
    Enum.each([endless | requests], &Linkspan.cancel/1)
    bytes
  end

  defp now, do: :erlang.monotonic_time(:nanosecond)

  # What the VM's process has in memory.
  defp rss do
    [_, pages | _] = "/proc/self/statm" |> File.read!() |> String.split()
    String.to_integer(pages) * 4096
  end
end
