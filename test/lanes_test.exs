# Several instances of an independent service behind one handle.
for host <- [:driver, :nif, :program] do
  defmodule Module.concat(Linkspan.LanesTest, host) do
    use ExUnit.Case, async: true
    @moduletag host: host
    import Linkspan.Eventually

    @host host
    @lanes 3
    @bound 10_000

    defp pool(options \\ []) do
      start_supervised!({Linkspan, [service: :echo, host: @host, lanes: @lanes] ++ options},
        restart: :temporary
      )
    end

    defp lanes(server), do: 1..200 |> Enum.map(&Linkspan.lane(server, &1)) |> Enum.uniq()

    # Which lanes have been asked, by what they counted.
    defp counts(server) do
      for lane <- lanes(server) do
        {:ok, count} = Linkspan.call(lane, :count)
        String.to_integer(count)
      end
    end

    test "calls and casts are answered, whichever lane they take" do
      server = pool()
      assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
      assert Linkspan.cast(server, :echo, "hi") == :ok
      assert Linkspan.call(server, :fail, "no") == {:error, {:service, 42, "no"}}
      assert Linkspan.call(server, 99) == {:error, {:unknown_operation, 99}}

      tasks = for n <- 1..100, do: Task.async(fn -> Linkspan.call(server, :echo_long, "#{n}") end)

      assert Task.await_many(tasks) == for(n <- 1..100, do: {:ok, "#{n}"})
    end

    test "a key is pinned to one lane, and all lanes are used" do
      server = pool()
      assert length(counts(server)) == @lanes
      lane = Linkspan.lane(server, :key)
      assert lane == Linkspan.lane(server, :key)
      {:ok, before} = Linkspan.call(lane, :count)
      for _ <- 1..10, do: {:ok, _} = Linkspan.call(Linkspan.lane(server, :key), :echo)
      {:ok, later} = Linkspan.call(lane, :count)
      assert String.to_integer(later) == String.to_integer(before) + 11
    end

    test "lanes work at the same time" do
      server = pool()

      tasks =
        for lane <- lanes(server) do
          Task.async(fn -> Linkspan.call(lane, :sleep, "60000000", :infinity) end)
        end

      eventually(fn ->
        Enum.all?(Linkspan.info(server).lanes, &(&1.queue.requests == 1))
      end)

      assert length(tasks) == @lanes
      :ok = Linkspan.stop(server)
      assert Task.await_many(tasks) |> Enum.uniq() == [error: :closed]
    end

    test "each lane is in the table, by the name of the server" do
      name = Module.concat([LanesTable, @host])
      pool(name: name)
      output = ExUnit.CaptureIO.capture_io(&Linkspan.table/0)
      for lane <- 1..@lanes, do: assert(output =~ ~r|^LanesTable.#{@host}/#{lane} .* echo|m)
    end

    test "calls through lanes are told to telemetry as any" do
      # There is no telemetry here: the option changes nothing.
      server = pool(telemetry: true)
      assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
    end

    test "an instance of several lanes is opened, asked and closed as any" do
      {:ok, instance} = Linkspan.open(service: :echo, host: @host, lanes: @lanes)
      assert Linkspan.handle(instance) == instance
      assert Linkspan.call(instance, :echo, "hi") == {:ok, "hi"}

      assert %{service: "echo", host: @host, state: :open, lanes: lanes} =
               info = Linkspan.info(instance)

      assert Enum.map(lanes, & &1.host) == List.duplicate(@host, @lanes)
      assert info.counts.inline + info.counts.deferred == 1
      assert info.queue.limit == @lanes * hd(lanes).queue.limit
      assert Linkspan.close(instance) == :ok
      assert Linkspan.call(instance, :echo, "hi") == {:error, :closed}
      assert Linkspan.cast(instance, :echo, "hi") == {:error, :closed}
      for key <- 1..20, do: {:error, :closed} = Linkspan.call(Linkspan.lane(instance, key), :echo)
    end

    test "a lane that panics takes the server along" do
      server = pool()
      monitor = Process.monitor(server)
      assert {:error, {:panic, "boom" <> _}} = Linkspan.call(server, :panic, "boom")
      assert_receive {:DOWN, ^monitor, :process, ^server, {:panic, "boom" <> _}}, @bound
      assert Linkspan.call(server, :echo) == {:error, :closed}
    end

    test "a lane that is closed takes the server along" do
      server = pool()
      others = lanes(server)
      monitor = Process.monitor(server)
      :ok = Linkspan.close(hd(others))
      assert_receive {:DOWN, ^monitor, :process, ^server, _}, @bound
      eventually(fn -> Enum.all?(others, &(Linkspan.call(&1, :echo) == {:error, :closed})) end)
    end

    # It went on with the others, and a third of its requests were refused.
    test "a lane that is closed takes an opened instance along" do
      {:ok, instance} = Linkspan.open(service: :echo, host: @host, lanes: @lanes)
      [first | others] = lanes(instance)
      :ok = Linkspan.close(first)
      eventually(fn -> Enum.all?(others, &(Linkspan.call(&1, :echo) == {:error, :closed})) end)
      assert Linkspan.call(instance, :echo) == {:error, :closed}
    end

    test "a lane that panics takes an opened instance along, and its opener is told" do
      Process.flag(:trap_exit, true)
      {:ok, instance} = Linkspan.open(service: :echo, host: @host, lanes: @lanes)
      others = lanes(instance)
      assert {:error, {:panic, "boom" <> _} = panic} = Linkspan.call(instance, :panic, "boom")
      assert_receive {:EXIT, _, ^panic}, @bound
      eventually(fn -> Enum.all?(others, &(Linkspan.call(&1, :echo) == {:error, :closed})) end)
    end

    test "a full lane makes its callers wait, or refuses" do
      for {full, timeout, result} <- [
            {:wait, 50, {:error, :timeout}},
            {:error, @bound, {:error, :busy}}
          ] do
        {:ok, instance} =
          Linkspan.open(service: :echo, host: @host, lanes: 2, queue: [limit: 1, full: full])

        tasks =
          for lane <- lanes(instance) do
            Task.async(fn -> Linkspan.call(lane, :sleep, "60000000", :infinity) end)
          end

        eventually(fn ->
          Enum.all?(Linkspan.info(instance).lanes, &(&1.queue.requests == 1))
        end)

        assert Linkspan.call(instance, :echo, "", timeout) == result
        :ok = Linkspan.close(instance)
        Task.await_many(tasks)
      end
    end

    test "a service that does not call its requests independent has no lanes" do
      Process.flag(:trap_exit, true)
      options = [service: :script, host: @host, lanes: 2]
      assert Linkspan.open(options) == {:error, {:not_independent, "script"}}
      assert Linkspan.start_link(options) == {:error, {:not_independent, "script"}}
    end

    test "one lane is no lane, and the number must be one" do
      {:ok, instance} = Linkspan.open(service: :script, host: @host, lanes: 1)
      assert Linkspan.lane(instance, :any) == instance
      :ok = Linkspan.close(instance)

      for lanes <- [0, -1, 1025, :all, 1.5] do
        assert_raise ArgumentError, ~r/option :lanes is to be an integer from 1 to 1024/, fn ->
          Linkspan.open(service: :echo, host: @host, lanes: lanes)
        end
      end
    end
  end
end
