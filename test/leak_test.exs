# What must not grow, and what must not be copied. 100,000 calls in each host, or LINKSPAN_CALLS.
defmodule Linkspan.LeakTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 3_600_000
  @mib 1024 * 1024
  @calls String.to_integer(System.get_env("LINKSPAN_CALLS", "100000"))

  # Everything of this VM that a leak would show in; memory in bytes.
  defp resources do
    :erlang.garbage_collect()

    %{
      binaries: :erlang.memory(:binary),
      processes: length(Process.list()),
      ports: length(Port.list()),
      atoms: :erlang.system_info(:atom_count),
      descriptors: length(File.ls!("/proc/self/fd")),
      threads: length(File.ls!("/proc/self/task"))
    }
  end

  defp resident(pid) do
    [_, pages | _] = String.split(File.read!("/proc/#{pid}/statm"))
    String.to_integer(pages) * 4096
  end

  # The same of the process that the service runs in, which may be a program.
  defp outside(os_pid) do
    for kind <- ["fd", "task"], do: length(File.ls!("/proc/#{os_pid}/#{kind}"))
  end

  defp assert_same(before) do
    grown = fn ->
      now = resources()
      for {name, value} <- before, now[name] > value + allowed(name), do: {name, value, now[name]}
    end

    # What is being given back needs a moment.
    eventually(fn -> grown.() == [] end, grown)
  end

  # What is repeated a hundred times or more would show; a module that is loaded meanwhile does not.
  defp allowed(:atoms), do: 50
  defp allowed(:binaries), do: @mib
  defp allowed(_count), do: 0

  test "a refc binary of 16 MiB is echoed by the driver host without a copy" do
    server = start(service: :echo, host: :driver)

    for operation <- [:echo, :echo_long] do
      {:ok, _} = Linkspan.call(server, operation, :binary.copy("x", 100_000))
      body = :rand.bytes(16 * @mib)
      :erlang.garbage_collect()
      {binaries, resident} = {:erlang.memory(:binary), resident("self")}
      {:ok, reply} = Linkspan.call(server, operation, body)

      # A binary that was built by appending is moved on its way, and its first place freed by another scheduler.
      eventually(fn -> :erlang.memory(:binary) < binaries + @mib end)
      eventually(fn -> resident("self") < resident + 8 * @mib end)
      assert reply == body
    end
  end

  variants = [
    driver: [host: :driver],
    nif: [host: :nif],
    program: [host: :program],
    dirty_cpu: [host: :nif, deferred: :dirty_cpu]
  ]

  for {variant, options} <- variants do
    @options [service: :echo] ++ options

    test "#{@calls} calls leave nothing behind: #{variant}" do
      server = start(@options)
      handle = Linkspan.handle(server)
      # A thousand calls, of every kind.
      thousand = fn ->
        for _ <- 1..100 do
          body = :rand.bytes(500)
          for _ <- 1..4, do: {:ok, ^body} = Linkspan.call(handle, :echo, body)
          for _ <- 1..2, do: {:ok, ^body} = Linkspan.call(handle, :echo_long, body, :infinity)
          {:error, {:service, 42, _}} = Linkspan.call(handle, :fail, "no")
          :ok = Linkspan.cast(handle, :echo, body)
          :ok = Linkspan.cast(handle, :echo_long, body)
          _ = Linkspan.call(handle, :sleep, "1000000", 0)
        end
      end

      thousand.()
      before = resources()
      os_pid = Map.get(Linkspan.info(handle), :os_pid, "self")
      {resident, outside} = {resident(os_pid), outside(os_pid)}
      for _ <- 1..div(@calls, 1000), do: thousand.()
      {:ok, ""} = Linkspan.call(handle, :echo_long, "", :infinity)
      assert_same(before)
      assert resident(os_pid) < resident + 16 * @mib
      assert outside(os_pid) == outside
      assert Process.info(self(), :messages) == {:messages, []}
    end

    # Of every panic its message was kept.
    test "panics leave nothing behind, however much they say: #{variant}" do
      server = start(@options ++ [on_panic: :keep])
      body = String.duplicate("x", 64 * 1024)

      hundred = fn ->
        for _ <- 1..50, operation <- [:panic, :panic_short] do
          {:error, {:panic, "xxx" <> _}} = Linkspan.call(server, operation, body, :infinity)
        end
      end

      hundred.()
      before = resources()
      os_pid = Map.get(Linkspan.info(server), :os_pid, "self")
      resident = resident(os_pid)
      for _ <- 1..10, do: hundred.()
      assert_same(before)
      assert resident(os_pid) < resident + 16 * @mib
    end

    test "opening and closing leaves nothing behind: #{variant}" do
      again = fn n ->
        for _ <- 1..n do
          {:ok, instance} = Linkspan.open(@options)
          {:ok, "hi"} = Linkspan.call(instance, :echo_long, "hi")
          :ok = Linkspan.close(instance)
          {:error, _} = Linkspan.open(@options ++ [argument: "fail"])
        end
      end

      again.(5)
      before = resources()
      again.(100)
      assert_same(before)
    end
  end
end
