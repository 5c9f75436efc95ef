# A minute of load, or LINKSPAN_SECONDS. What is asserted is relative: no time depends on the machine.
defmodule Linkspan.LoadTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  @moduletag :minute
  # Only bounds a hang.
  @moduletag timeout: 1_200_000
  @hosts [:driver, :nif, :program]
  @mib 1024 * 1024

  defp seconds, do: String.to_integer(System.get_env("LINKSPAN_SECONDS", "60"))

  # Load goes on until it is told to stop: after its time, and not before each of `n` has done enough, however slow the
  # machine is. What has been done is counted by each.
  defp load(n), do: {:atomics.new(1, []), :counters.new(n, []), n}
  defp stopped?({stop, _, _}), do: :atomics.get(stop, 1) == 1
  defp done({_, done, _}, i), do: :counters.add(done, i, 1)
  defp stop({stop, _, _}), do: :atomics.put(stop, 1, 1)

  defp await_each({_, done, n} = load, enough) do
    least = Enum.min(for i <- 1..n, do: :counters.get(done, i))

    if least < enough do
      receive do
      after
        100 -> await_each(load, enough)
      end
    end
  end

  defp over?(deadline), do: System.monotonic_time(:millisecond) > deadline
  defp deadline(ms), do: System.monotonic_time(:millisecond) + ms

  # The mixed load: operations and microseconds. The first is quick most of the time, so that it would be trusted again
  # and again; the others are always alike.
  @mix List.duplicate({:work, 10}, 20) ++
         [{:work, 1000}, {:work, 50_000}] ++
         List.duplicate({:work_1, 10}, 10) ++
         List.duplicate({:work_2, 1000}, 5) ++
         List.duplicate({:work_3, 50_000}, 2)
  @operations 4
  @callers 24
  # Requests of an instance, for a share in them to say something.
  @enough 100

  test "24 callers with short and long work on 50 instances: no scheduler is held twice, and nobody starves" do
    servers = for n <- 0..49, do: start(service: :echo, host: Enum.at(@hosts, rem(n, 3)))
    handles = servers |> Enum.map(&Linkspan.handle/1) |> List.to_tuple()

    # All have learnt that `work` is quick, which it is not.
    for server <- servers do
      eventually(fn ->
        {:ok, ""} = Linkspan.call(server, :work, "5")
        Linkspan.info(server).counts.inline > 0
      end)
    end

    before = Enum.map(servers, &handled/1)
    load = load(length(servers))

    callers =
      for _ <- 1..@callers do
        Task.async(fn ->
          asked = mixed(handles, load, %{})
          assert Process.info(self(), :messages) == {:messages, []}
          asked
        end)
      end

    wait(seconds())
    await_each(load, @enough)
    stop(load)
    asked = callers |> Task.await_many(:infinity) |> Enum.reduce(&merge/2)
    assert map_size(asked) == 50

    # Answered once: the callers had as many answers as the services had requests.
    for {server, n, before} <- Enum.zip([servers, 0..49, before]) do
      assert handled(server) - before - 1 == elem(asked[n], 0)
    end

    # Each operation teaches each instance once at most, and some did.
    counts = Enum.map(servers, &Linkspan.info(&1).counts)
    for count <- counts, do: assert(count.overruns <= @operations, inspect(count))
    assert Enum.any?(counts, &(&1.overruns > 0))
    assert Enum.all?(counts, &(&1.inline > 0 and &1.deferred > 0))
    assert Enum.all?(counts, &(&1.cancelled + &1.busy + &1.errors == 0))

    # Instances were asked at random: those that starve are behind in requests, or let their callers wait longer than
    # others of their host do.
    for instances <- Enum.group_by(0..49, &rem(&1, 3)) |> Map.values() do
      assert_shares(for n <- instances, do: elem(asked[n], 0))
      assert_shares(for n <- instances, do: elem(asked[n], 1) / elem(asked[n], 0))
    end
  end

  # Within a factor of two: of what is usual.
  defp assert_shares(shares) do
    usual = median(shares)
    assert Enum.max(shares) < usual * 2, inspect(shares)
    assert Enum.min(shares) > usual / 2, inspect(shares)
  end

  defp wait(seconds) do
    receive do
    after
      seconds * 1000 -> :ok
    end
  end

  # Asks until it is told to stop. Returns requests and microseconds waited, by instance.
  defp mixed(handles, load, asked) do
    if stopped?(load) do
      asked
    else
      n = :rand.uniform(tuple_size(handles)) - 1
      {operation, micros} = Enum.random(@mix)
      body = Integer.to_string(micros)
      call = fn -> Linkspan.call(elem(handles, n), operation, body, :infinity) end
      {waited, {:ok, ""}} = :timer.tc(call)
      done(load, n + 1)
      mixed(handles, load, merge(asked, %{n => {1, waited}}))
    end
  end

  defp merge(one, other) do
    Map.merge(one, other, fn _, {asked, waited}, {more, longer} ->
      {asked + more, waited + longer}
    end)
  end

  @limit 50
  @askers 100
  @warm 50

  test "casts and calls that come faster than they are handled take no more memory with time" do
    # Each takes half a millisecond or more, without using a processor; a kilobyte long, as numbers go.
    body = String.pad_leading("100", 1024, "0")

    servers =
      for host <- @hosts, kind <- [:cast, :call] do
        # The bound in bytes is the lower one for casts.
        queue = if kind == :cast, do: [bytes: @limit * 1024], else: [limit: @limit]
        {kind, start(service: :echo, host: host, queue: queue)}
      end

    work =
      for {kind, s} <- servers, _ <- 1..if(kind == :cast, do: 1, else: @askers), do: {kind, s}

    load = load(length(work))

    producers =
      for {{kind, server}, i} <- Enum.with_index(work, 1) do
        Task.async(fn -> produce(kind, Linkspan.handle(server), body, load, i) end)
      end

    processes = for({_, server} <- servers, do: server) ++ Enum.map(producers, & &1.pid)
    programs = for {_, s} <- servers, pid = Linkspan.info(s)[:os_pid], do: pid
    # All heaps have become as large as they will.
    await_each(load, @warm)
    start = System.monotonic_time(:millisecond)
    until = deadline(seconds() * 1000)
    samples = sample(processes, programs, until, [])
    stop(load)
    Task.await_many(producers, :infinity)

    # Producers wait: at no time more was open than the bounds allow, in any mailbox more than there are callers.
    for {_, server} <- servers, do: assert(Linkspan.info(server).counts.busy > 0)
    assert Enum.max(for {_, s} <- samples, do: s.messages) <= 2 * (@limit + @askers)

    # The first fifth is for warming up; the second says what is usual, the last what it has become.
    part = div(until - start, 5)
    fifth = fn n -> for {at, s} <- samples, div(at - start, part) == n, do: s end

    for {name, slack} <- [total: 8, binary: 4, resident: 8, programs: 2] do
      usual = median(for s <- fifth.(1), do: Map.fetch!(s, name))
      now = median(for s <- fifth.(4), do: Map.fetch!(s, name))
      assert now < usual + slack * @mib, "#{name} has grown from #{usual} to #{now} bytes"
    end
  end

  defp median(values), do: Enum.at(Enum.sort(values), div(length(values), 2))

  defp produce(kind, handle, body, load, i) do
    if not stopped?(load) do
      if kind == :cast,
        do: :ok = Linkspan.cast(handle, :sleep, body),
        else: {:ok, ""} = Linkspan.call(handle, :sleep, body, :infinity)

      done(load, i)
      produce(kind, handle, body, load, i)
    end
  end

  # Looks at everything that could grow, ten times a second.
  defp sample(processes, programs, until, samples) do
    if over?(until) do
      samples
    else
      lengths = for pid <- processes, {_, n} <- [Process.info(pid, :message_queue_len)], do: n

      sample = %{
        total: :erlang.memory(:total),
        binary: :erlang.memory(:binary),
        resident: resident("self"),
        programs: programs |> Enum.map(&resident/1) |> Enum.sum(),
        messages: Enum.max(lengths)
      }

      receive do
      after
        100 -> :ok
      end

      at = System.monotonic_time(:millisecond)
      sample(processes, programs, until, [{at, sample} | samples])
    end
  end

  defp resident(os_pid) do
    [_, pages | _] = String.split(File.read!("/proc/#{os_pid}/statm"))
    String.to_integer(pages) * 4096
  end

  # What the service has been asked. Counts itself: the difference of two is one too many.
  defp handled(server) do
    {:ok, count} = Linkspan.call(server, :count, "", :infinity)
    String.to_integer(count)
  end
end
