# A service that is bound to a thread: `bound` aborts when it is touched by another.
for host <- [:driver, :nif, :program] do
  defmodule Module.concat(Linkspan.ThreadingTest, host) do
    use ExUnit.Case, async: true
    @moduletag host: host
    import Linkspan.Eventually

    @options [service: :bound, library: {:linkspan, "echo"}, host: host]
    @bound 10_000

    defp thread(server) do
      {:ok, thread} = Linkspan.call(server, :thread)
      assert thread =~ ~r/^ThreadId\(\d+\)$/
      thread
    end

    test "every request runs on the instance's own thread, and none inline" do
      server = start_supervised!({Linkspan, @options})
      threads = for _ <- 1..200, do: thread(server)
      assert [_one] = Enum.uniq(threads)

      tasks = for _ <- 1..50, do: Task.async(fn -> thread(server) end)
      assert Task.await_many(tasks) |> Enum.uniq() == Enum.uniq(threads)
      assert %{counts: %{inline: 0, deferred: 250}} = Linkspan.info(server)
    end

    test "it is stopped where it ran, and its thread ends" do
      for _ <- 1..20 do
        {:ok, instance} = Linkspan.open(@options)
        thread(instance)
        :ok = Linkspan.cast(instance, :count)
        :ok = Linkspan.close(instance)
        assert Linkspan.call(instance, :count) == {:error, :closed}
      end

      {:ok, instance} = Linkspan.open(@options)
      assert {:ok, "1"} = Linkspan.call(instance, :count)
    end

    test "a panic ends it as any other instance" do
      Process.flag(:trap_exit, true)
      {:ok, server} = Linkspan.start_link(@options)
      assert {:error, {:panic, "told to panic" <> _}} = Linkspan.call(server, :panic)
      assert_receive {:EXIT, ^server, {:panic, _}}, @bound
    end

    test "an owner that is killed takes it along" do
      test = self()

      {owner, monitor} =
        spawn_monitor(fn ->
          {:ok, instance} = Linkspan.open(@options)
          send(test, instance)
          Process.sleep(:infinity)
        end)

      assert_receive instance when is_tuple(instance), @bound
      Process.exit(owner, :kill)
      assert_receive {:DOWN, ^monitor, _, _, _}, @bound
      eventually(fn -> Linkspan.call(instance, :count) == {:error, :closed} end)
    end
  end
end

defmodule Linkspan.OwnThreadTest do
  # Counts the threads of the VM: not beside other tests.
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  defp own_threads do
    for task <- File.ls!("/proc/self/task"),
        {:ok, "linkspan_own\n"} <- [File.read("/proc/self/task/#{task}/comm")],
        reduce: 0,
        do: (count -> count + 1)
  end

  test "there is a thread for each instance, until it is closed" do
    eventually(fn -> own_threads() == 0 end)

    instances =
      for host <- [:driver, :nif], _ <- 1..10 do
        {:ok, instance} = Linkspan.open(service: :bound, library: {:linkspan, "echo"}, host: host)
        instance
      end

    assert own_threads() == 20
    Enum.each(instances, &Linkspan.close/1)
    eventually(fn -> own_threads() == 0 end)
  end
end
