# What goes on while native code burns CPU. Shown by counts of work done, not by times.
defmodule Linkspan.SchedulerTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 600_000
  # In microseconds; far longer than any test.
  @day "86400000000"

  test "processes go on while every worker is busy" do
    workers = max(2, System.schedulers())
    busy = for _ <- 1..workers, do: start(service: :echo, host: :driver)
    tasks = for s <- busy, do: Task.async(fn -> Linkspan.call(s, :spin, @day, 60_000) end)
    eventually(fn -> all_busy?(busy) end)

    echo = spawn_link(fn -> echo_loop() end)

    for n <- 1..20_000 do
      send(echo, {self(), n})
      assert_receive ^n
    end

    assert all_busy?(busy), "the work ended too early to prove anything"
    Enum.each(busy, &Linkspan.stop/1)
    assert Enum.uniq(Task.await_many(tasks)) == [{:error, :closed}]
  end

  test "an instance that is idle answers inline while every worker is busy" do
    idle = start(service: :echo, host: :driver)
    {:ok, "warm"} = Linkspan.call(idle, :echo, "warm")
    workers = max(2, System.schedulers())

    busy = for _ <- 1..workers, do: start(service: :echo, host: :driver)

    tasks = for s <- busy, do: Task.async(fn -> Linkspan.call(s, :spin, @day, 60_000) end)

    eventually(fn -> all_busy?(busy) end)

    before = Linkspan.info(idle).counts
    for n <- 1..20_000, do: assert(Linkspan.call(idle, :echo, "#{n}") == {:ok, "#{n}"})
    now = Linkspan.info(idle).counts
    assert now.inline - before.inline == 20_000
    assert now.deferred == before.deferred

    assert all_busy?(busy), "the work ended too early to prove anything"
    Enum.each(busy, &Linkspan.stop/1)
    assert Enum.uniq(Task.await_many(tasks)) == [{:error, :closed}]
  end

  for host <- [:driver, :nif, :program] do
    @host host

    test "an operation whose cost jumps is off the scheduler after one overrun in the #{host} host" do
      server = start(service: :echo, host: @host)

      for {operation, n} <- Enum.with_index([:work, :work_1, :work_2]) do
        learn_short(server, operation)
        before = Linkspan.info(server).counts
        assert before.overruns <= n
        for _ <- 1..20, do: {:ok, ""} = Linkspan.call(server, operation, "5000")
        now = Linkspan.info(server).counts
        assert now.overruns <= n + 1
        assert now.inline - before.inline <= 1
        assert now.deferred - before.deferred >= 19
      end

      # For good: it is quick again, and may go on being so.
      before = Linkspan.info(server).counts
      for _ <- 1..100, do: {:ok, ""} = Linkspan.call(server, :work, "5")
      assert Linkspan.info(server).counts.inline == before.inline
    end
  end

  for host <- [:driver, :nif] do
    @host host

    # 4000 reductions are a time slice, which is a millisecond.
    test "an inline run is paid for by its caller in the #{host} host" do
      server = start(service: :echo, host: @host)
      handle = Linkspan.handle(server)
      learn_short(handle, :work)
      runs = 200
      before = Linkspan.info(server).counts.inline
      cheap = reductions(fn -> for _ <- 1..runs, do: Linkspan.call(handle, :work, "0") end)
      dear = reductions(fn -> for _ <- 1..runs, do: Linkspan.call(handle, :work, "80") end)
      # Some runs took longer than they should have, and were deferred.
      inline = Linkspan.info(server).counts.inline - before
      assert inline > runs
      assert dear - cheap > (inline - runs) * 80 * 4 / 2
    end
  end

  # By frames it cost nothing, however long it took.
  test "an inline run is paid for by who sends its frame" do
    {:ok, _} = Application.ensure_all_started(:linkspan)
    port = Port.open({:spawn_driver, 'linkspan echo'}, [:binary])
    work = 17

    run = fn micros ->
      true = Port.command(port, <<1, 0::16, work::32, 0xFFFFFFFF::32, micros::binary>>)
      assert_receive {^port, {:data, <<0x81, 0::16, 0>>}}, 30_000
    end

    # Byte 9 to 16 of an info are the inline runs, behind state, requests and bytes.
    inline = fn ->
      <<1, _::64, _::64, runs::64, _::binary>> = :erlang.port_control(port, 0xC0000006, "")
      runs
    end

    eventually(fn ->
      run.("5")
      inline.() > 50
    end)

    runs = 200

    spent = fn micros ->
      {:reductions, before} = Process.info(self(), :reductions)
      for _ <- 1..runs, do: run.(micros)
      {:reductions, now} = Process.info(self(), :reductions)
      now - before
    end

    cheap = spent.("0")
    before = inline.()
    dear = spent.("80")
    # Some runs took longer than they should have, and were deferred.
    ran = inline.() - before
    assert ran > div(runs, 4)
    assert dear - cheap > ran * 80 * 4 / 2
    Port.close(port)
  end

  defp reductions(fun) do
    Task.await(
      Task.async(fn ->
        {:reductions, before} = Process.info(self(), :reductions)
        fun.()
        {:reductions, now} = Process.info(self(), :reductions)
        now - before
      end)
    )
  end

  # From then on it runs inline.
  defp learn_short(server, operation) do
    before = Linkspan.info(server).counts.inline

    eventually(fn ->
      {:ok, ""} = Linkspan.call(server, operation, "5")
      Linkspan.info(server).counts.inline > before + 50
    end)
  end

  defp all_busy?(servers), do: Enum.all?(servers, &(Linkspan.info(&1).queue.requests == 1))

  defp echo_loop do
    receive do
      {from, n} -> send(from, n)
    end

    echo_loop()
  end
end
