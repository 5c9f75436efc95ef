# An instance changes its owner.
for host <- [:driver, :nif, :program], lanes <- [1, 2] do
  defmodule Module.concat([Linkspan.ConnectTest, host, "Lanes#{lanes}"]) do
    use ExUnit.Case, async: true
    @moduletag host: host
    import Linkspan.Eventually

    @options [service: :echo, host: host, lanes: lanes]
    @bound 10_000

    defp process do
      pid = spawn(fn -> receive do: ({:end, reason} -> exit(reason)) end)
      on_exit(fn -> Process.exit(pid, :kill) end)
      pid
    end

    defp closed?(instance), do: Linkspan.call(instance, :echo) == {:error, :closed}

    test "the instance follows its new owner, and no longer the old one" do
      test = self()
      new = process()

      {old, monitor} =
        spawn_monitor(fn ->
          {:ok, instance} = Linkspan.open(@options)
          :ok = Linkspan.connect(instance, new)
          send(test, instance)
          receive do: (:end -> exit(:crash))
        end)

      assert_receive instance when is_tuple(instance), @bound
      send(old, :end)
      assert_receive {:DOWN, ^monitor, :process, ^old, :crash}, @bound
      assert Linkspan.call(instance, :echo, "hi") == {:ok, "hi"}

      send(new, {:end, :normal})
      eventually(fn -> closed?(instance) end)
    end

    test "the new owner is linked, the old one not" do
      Process.flag(:trap_exit, true)
      {:ok, instance} = Linkspan.open(@options)
      new = process()
      monitor = Process.monitor(new)
      assert Linkspan.connect(instance, new) == :ok
      assert {:error, {:panic, _}} = Linkspan.call(instance, :panic, "boom")
      assert_receive {:DOWN, ^monitor, :process, ^new, {:panic, "boom" <> _}}, @bound
      refute_received {:EXIT, _, _}
    end

    test "events go to whom they went before" do
      {:ok, instance} = Linkspan.open(@options)
      :ok = Linkspan.connect(instance, process())
      {:ok, ""} = Linkspan.call(instance, :emit, "event")
      assert_receive {:linkspan, _lane, {:event, "event"}}, @bound
    end

    test "only the owner gives an instance away, and keeps it by giving it to itself" do
      {:ok, instance} = Linkspan.open(@options)
      new = process()
      other = Task.async(fn -> Linkspan.connect(instance, new) end)
      assert Task.await(other) == {:error, :not_owner}
      assert Linkspan.connect(instance, self()) == :ok
      assert Linkspan.connect(instance, new) == :ok
      assert Linkspan.connect(instance, self()) == {:error, :not_owner}
    end

    test "a dead process, a closed instance and what is no process are told apart" do
      {:ok, instance} = Linkspan.open(@options)
      {dead, monitor} = spawn_monitor(fn -> :ok end)
      assert_receive {:DOWN, ^monitor, :process, ^dead, _}
      assert Linkspan.connect(instance, dead) == {:error, :noproc}
      assert Linkspan.call(instance, :echo, "hi") == {:ok, "hi"}
      assert_raise ArgumentError, fn -> Linkspan.connect(instance, :name) end
      :ok = Linkspan.close(instance)
      assert Linkspan.connect(instance, self()) == {:error, :closed}
    end

    # Of several lanes the first ones had moved when a later one could not.
    test "an instance of which something has ended is given away as a whole or not at all" do
      Process.flag(:trap_exit, true)
      {:ok, instance} = Linkspan.open(@options)
      lane = Linkspan.lane(instance, :any)
      new = process()
      {:links, before} = Process.info(new, :links)
      :ok = Linkspan.close(lane)

      case Linkspan.connect(instance, new) do
        # The owner of all lanes had not yet heard of the end of one.
        :ok -> assert lane != instance
        {:error, :closed} -> :ok
      end

      eventually(fn -> closed?(instance) end)
      eventually(fn -> Process.info(new, :links) == {:links, before} end)
    end

    test "a server keeps its instance" do
      server = start_supervised!({Linkspan, @options})
      assert Linkspan.connect(Linkspan.handle(server), self()) == {:error, :not_owner}
    end
  end
end
