# Services that go wrong in each of their callbacks, time and again, and what the VM and its other instances notice of it.
# LINKSPAN_TIMES=n does n times what is done many times over.
defmodule Linkspan.FaultsTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 600_000
  @bound 30_000
  @times String.to_integer(System.get_env("LINKSPAN_TIMES", "1"))
  @faulty [service: :faulty, library: {:linkspan, :echo}]
  @hosts [
    driver: [host: :driver],
    nif: [host: :nif],
    program: [host: :program],
    dirty_cpu: [host: :nif, deferred: :dirty_cpu]
  ]

  defp faulty(host, fault, options \\ []),
    do: start(@faulty ++ @hosts[host] ++ [argument: fault] ++ options)

  # Another instance opens, runs on a worker, and closes.
  defp assert_all_well(host) do
    {:ok, instance} = Linkspan.open([service: :echo] ++ @hosts[host])
    assert Linkspan.call(instance, :echo_long, "well", @bound) == {:ok, "well"}
    assert Linkspan.close(instance) == :ok
  end

  for {host, options} <- @hosts do
    @host host
    @options options

    describe "#{host}: a panic in" do
      test "start is the error of who opens" do
        options = @faulty ++ @options ++ [argument: "panic start"]

        for open <- [&Linkspan.open/1, &Linkspan.start_link/1] do
          assert {:error, {:panic, "told to panic in start at " <> _}} = open.(options)
        end

        assert_all_well(@host)
      end

      for {callback, ask} <- [call: &Linkspan.call/3, cast: &Linkspan.cast/3] do
        test "#{callback} ends the instance, inline and deferred" do
          for operation <- [:echo, :echo_long] do
            server = faulty(@host, "panic #{unquote(callback)}")
            monitor = Process.monitor(server)
            answer = unquote(ask).(server, operation, "x")

            case unquote(callback) do
              :call ->
                assert {:error, {:panic, unquote("told to panic in #{callback} at ") <> _}} =
                         answer

              :cast ->
                assert answer == :ok
            end

            assert_receive {:DOWN, ^monitor, _, _,
                            {:panic, unquote("told to panic in #{callback} at ") <> _}},
                           @bound
          end

          assert_all_well(@host)
        end
      end

      test "stop or drop is nobody's: the instance is gone already" do
        for fault <- ["panic stop", "panic drop"],
            operation <- [nil, :echo, :panic, :panic_long] do
          server = faulty(@host, fault)
          monitor = Process.monitor(server)
          if operation, do: Linkspan.call(server, operation, "x")
          if operation in [nil, :echo], do: Linkspan.stop(server)
          assert_receive {:DOWN, ^monitor, _, _, reason}, @bound
          assert reason == :normal or match?({:panic, "told to panic at " <> _}, reason)
        end

        assert_all_well(@host)
      end

      test "cost means that nothing is known of it" do
        server = faulty(@host, "")
        for _ <- 1..3, do: {:ok, "x"} = Linkspan.call(server, :unknown_cost, "x")
        assert %{counts: %{panics: 0}, state: :open} = Linkspan.info(server)
      end

      test "what is thrown, when it is thrown away, is caught as well" do
        server = faulty(@host, "", on_panic: :keep)

        for _ <- 1..100 do
          answer = Linkspan.call(server, :panic_with)
          assert {:error, {:panic, "panic without a message" <> _}} = answer
        end

        assert Linkspan.call(server, :echo, "well") == {:ok, "well"}
      end
    end

    # Other tests load modules meanwhile: what is asked a thousand times would show.
    test "#{host}: names and terms from outside make no atoms" do
      server = start([service: :echo] ++ @options)
      handle = Linkspan.handle(server)
      before = :erlang.system_info(:atom_count)

      for n <- 1..5000 do
        name = "linkspan_atom_#{n}_#{System.unique_integer([:positive])}"
        # In the external format: an atom, which the service reads and writes.
        term = <<131, 119, byte_size(name), name::binary>>
        {:error, {:unknown_operation, ^name}} = Linkspan.call(handle, name)
        {:ok, ^name} = Linkspan.call(handle, :echo, name)
        {:ok, ^term} = Linkspan.call(handle, :term, term)
        {:error, {:service, 42, ^name}} = Linkspan.call(handle, :fail, name)
        if rem(n, 100) == 0, do: {:error, _} = Linkspan.open([service: name] ++ @options)
      end

      assert :erlang.system_info(:atom_count) - before < 4000
    end

    test "#{host}: 100,000 panics" do
      count = 100_000 * @times
      server = faulty(@host, "", on_panic: :keep)
      handle = Linkspan.handle(server)
      others = 16

      ask = fn ->
        for _ <- 1..div(count, others) do
          {:error, {:panic, "told to panic" <> _}} = Linkspan.call(handle, :panic, "", @bound)
        end

        for _ <- 1..250 do
          {:error, {:panic, "told to panic" <> _}} =
            Linkspan.call(handle, :panic_long, "", @bound)
        end

        Process.info(self(), :messages)
      end

      tasks = for _ <- 1..others, do: Task.async(ask)
      assert tasks |> Task.await_many(:infinity) |> Enum.uniq() == [{:messages, []}]
      assert Linkspan.info(server).counts.panics == count + 250 * others
      assert Linkspan.call(server, :echo, "well") == {:ok, "well"}
    end

    test "#{host}: instances that panic one after the other" do
      for _ <- 1..(20 * @times) do
        server = faulty(@host, "")
        monitor = Process.monitor(server)
        assert {:error, {:panic, _}} = Linkspan.call(server, :panic_long)
        assert_receive {:DOWN, ^monitor, _, _, {:panic, _}}, @bound
      end

      assert_all_well(@host)
    end
  end

  # In the VM the same would end the VM.
  describe "program: what nobody can catch ends the program alone:" do
    for {operation, body, reason} <- [
          {:overflow, "", {:signal, 6}},
          {:abort, "", {:signal, 6}}
        ] do
      test "#{operation}" do
        other = faulty(:program, "")
        server = faulty(:program, "")
        monitor = Process.monitor(server)
        answer = Linkspan.call(server, unquote(operation), unquote(body), @bound)
        assert answer == {:error, unquote(reason)}
        assert_receive {:DOWN, ^monitor, _, _, unquote(reason)}, @bound
        assert Linkspan.call(other, :echo, "well") == {:ok, "well"}
      end
    end

    # It watches copies of both: to close them all it takes its own end.
    test "closed descriptors" do
      for descriptor <- ["3", "4"] do
        server = faulty(:program, "")
        os_pid = Linkspan.info(server).os_pid
        # Whoever cannot write its answer ends; whoever cannot read hears of the end of its port.
        _ = Linkspan.call(server, :close, descriptor, 100)
        _ = Linkspan.call(server, :echo_long, "x", 100)
        Process.exit(server, :kill)
        eventually(fn -> not os_process?(os_pid) end)
      end

      assert_all_well(:program)
    end
  end
end
