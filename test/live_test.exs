# Libraries and modules that are replaced while instances run.
defmodule Linkspan.LiveTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 120_000
  @bound 30_000
  @hosts [:driver, :nif, :program]

  # Two builds of the same service, of the same length.
  setup_all do
    builds = for version <- 1..2, do: compiled("version.c", ["-DBUILD=#{version}"])
    assert [length, length] = Enum.map(builds, &File.stat!(&1).size)
    %{builds: Enum.map(builds, &File.read!/1)}
  end

  describe "a service library" do
    for host <- @hosts do
      @host host

      for {how, replace} <- [
            {"overwritten in place", :write},
            {"replaced by a file of its name", :rename}
          ] do
        @replace replace

        test "that is #{how} serves new instances, and those that run end with theirs, " <>
               "in the #{host} host",
             %{builds: [first, second]} do
          library = temporary("version.so")
          go = Path.join(Path.dirname(library), "go")
          replace(:write, library, first)

          old = start(service: :version, host: @host, library: library)
          # One request runs while the file changes, others are queued.
          running =
            for _ <- 1..5,
                do: Task.async(fn -> Linkspan.call(old, :version_when, go, :infinity) end)

          eventually(fn -> Linkspan.info(old).queue.requests == 5 end)

          replace(@replace, library, second)
          new = start(service: :version, host: @host, library: library)
          assert Linkspan.call(new, :version) == {:ok, "2"}
          assert Linkspan.call(new, :version_when) == {:ok, "2"}

          File.write!(go, "")
          assert Enum.uniq(Task.await_many(running, @bound)) == [{:ok, "1"}]
          assert Linkspan.call(old, :version) == {:ok, "1"}
          assert Linkspan.info(old).library.hash != Linkspan.info(new).library.hash

          # Back again: it is the first build that is still there.
          replace(@replace, library, first)
          again = start(service: :version, host: @host, library: library)
          assert Linkspan.call(again, :version) == {:ok, "1"}
          assert Linkspan.info(again).library.hash == Linkspan.info(old).library.hash
        end
      end

      # The loader would map it, and die of SIGBUS.
      test "that is cut off is an error in the #{host} host", %{builds: [first, _]} do
        library = temporary("version.so")
        size = byte_size(first)

        for length <- [1, 63, 64, 1000, size - 1 | for(part <- 1..7, do: div(size * part, 8))] do
          replace(:write, library, binary_part(first, 0, length))
          options = [service: :version, host: @host, library: library]
          assert {:error, {:not_a_library, ^library, _}} = Linkspan.open(options)
        end

        replace(:write, library, first)
        server = start(service: :version, host: @host, library: library)
        # Under the instance's feet.
        File.write!(library, "")
        assert Linkspan.call(server, :version) == {:ok, "1"}
        File.rm!(library)
        assert Linkspan.call(server, :version_when) == {:ok, "1"}
      end

      test "is replaced all the time while instances are opened in the #{host} host",
           %{builds: builds} do
        library = temporary("version.so")
        replace(:write, library, hd(builds))
        stop = :atomics.new(1, [])

        writer =
          Task.async(fn ->
            Stream.cycle(builds)
            |> Stream.take_while(fn _ -> :atomics.get(stop, 1) == 0 end)
            |> Enum.each(&replace(:rename, library, &1))
          end)

        for _ <- 1..50 do
          {:ok, instance} = Linkspan.open(service: :version, host: @host, library: library)
          assert {:ok, version} = Linkspan.call(instance, :version)
          assert version in ["1", "2"]
          assert Linkspan.call(instance, :version_when) == {:ok, version}
          :ok = Linkspan.close(instance)
        end

        :atomics.put(stop, 1, 1)
        Task.await(writer, @bound)
      end
    end
  end

  # Truncates and writes, as `cp` does.
  defp replace(:write, path, content), do: File.write!(path, content)

  # As `mv` and `install` do.
  defp replace(:rename, path, content) do
    File.write!(path <> ".new", content)
    File.rename!(path <> ".new", path)
  end

  describe "under load, no request is lost" do
    # Callers of every host that go on until they are told, and count.
    setup do
      stop = :atomics.new(1, [])
      servers = for host <- @hosts, do: start(service: :echo, host: host)

      callers = for server <- servers, _ <- 1..2, do: Task.async(fn -> ask(server, stop, 0) end)

      eventually(fn -> Enum.all?(servers, &(Linkspan.info(&1).counts.deferred > 100)) end)
      %{servers: servers, callers: callers, stop: stop}
    end

    test "when every module of ours is loaded again and again", load do
      modules = Application.spec(:linkspan, :modules)
      assert Enum.all?([:linkspan, :linkspan_nif, :linkspan_owner, Linkspan], &(&1 in modules))

      for _ <- 1..5, module <- modules do
        loaded_again(module)
        assert Enum.all?(load.servers, &Process.alive?/1)
      end

      assert_nothing_lost(load)
    end

    test "when every module of ours is deleted, and loaded by the next call", load do
      for module <- Application.spec(:linkspan, :modules) do
        eventually(fn -> :code.soft_purge(module) end, fn -> module end)
        {:module, ^module} = Code.ensure_loaded(module)
        true = :code.delete(module)
        # Whoever needs it before it is gone, or after, loads it.
        eventually(fn -> :code.soft_purge(module) end, fn -> module end)
        {:module, ^module} = Code.ensure_loaded(module)
      end

      assert_nothing_lost(load)
    end

    # By the VM's rules a purge kills who is in the middle of a call in old code: that is what soft_purge/1 is for.
    # Servers are not in the middle of anything.
    test "when code is purged under the servers", %{servers: servers} = load do
      assert_nothing_lost(load)
      counts = Enum.map(servers, &count/1)
      keeper = Process.whereis(:linkspan_keeper)
      for server <- servers, _ <- 1..10, do: :ok = Linkspan.cast(server, :sleep, "20000")

      for _ <- 1..3, module <- Application.spec(:linkspan, :modules) do
        refute :code.purge(module), "somebody ran old code of #{module}, and was killed"
        {:module, ^module} = :code.load_file(module)
      end

      assert Process.whereis(:linkspan_keeper) == keeper
      assert Enum.map(servers, &count/1) == Enum.map(counts, &(&1 + 11))
    end

    test "when the driver is unloaded or reloaded, which is refused", load do
      {:ok, version} = :application.get_key(:linkspan, :vsn)
      dir = Path.join(:code.priv_dir(:linkspan), version)

      for _ <- 1..20 do
        assert :erl_ddll.unload(~c"linkspan") == {:error, :permanent}
        assert :erl_ddll.unload_driver(~c"linkspan") == {:error, :permanent}
        assert :erl_ddll.reload(dir, ~c"linkspan") == {:error, :permanent}
        assert :erl_ddll.reload_driver(dir, ~c"linkspan") == {:error, :permanent}
      end

      assert_nothing_lost(load)
    end
  end

  # Every second request is deferred; the caller's own counts are in the answers.
  defp ask(server, stop, asked) do
    if :atomics.get(stop, 1) == 1 do
      asked
    else
      body = "#{asked}"
      {:ok, ^body} = Linkspan.call(server, :echo, body)
      {:ok, ^body} = Linkspan.call(server, :echo_long, body)
      :ok = Linkspan.cast(server, :echo_long, body)
      ask(server, stop, asked + 3)
    end
  end

  defp count(server) do
    {:ok, count} = Linkspan.call(server, :count)
    String.to_integer(count)
  end

  # New code for a module, as soon as nobody runs the code before.
  defp loaded_again(module) do
    eventually(fn -> :code.soft_purge(module) end, fn -> module end)
    assert {:module, ^module} = :code.load_file(module)
  end

  # The callers were answered each time, and the services were asked as often.
  defp assert_nothing_lost(%{servers: servers, callers: callers, stop: stop}) do
    before = Enum.map(servers, &Linkspan.info(&1).counts.deferred)

    eventually(fn ->
      Enum.zip(servers, before)
      |> Enum.all?(fn {server, before} -> Linkspan.info(server).counts.deferred > before end)
    end)

    :atomics.put(stop, 1, 1)
    asked = Task.await_many(callers, @bound) |> Enum.chunk_every(2) |> Enum.map(&Enum.sum/1)
    # The count counts itself.
    assert Enum.map(servers, &(count(&1) - 1)) == asked
    for server <- servers, do: assert(%{queue: %{requests: 0}} = Linkspan.info(server))
  end
end
