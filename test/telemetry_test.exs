# Events for the library telemetry, which is not there: its stand-in sends what it gets to the test.
defmodule Linkspan.TelemetryTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  @bound 10_000

  setup context do
    unless context[:without] do
      :persistent_term.put(__MODULE__, self())

      Module.create(
        :telemetry,
        quote do
          def execute(event, measurements, metadata) do
            test = :persistent_term.get(unquote(__MODULE__))
            send(test, {:telemetry, event, measurements, metadata, self()})
            :ok
          end
        end,
        Macro.Env.location(__ENV__)
      )

      on_exit(&forget_telemetry/0)
    end

    :ok
  end

  defp forget_telemetry do
    :code.delete(:telemetry)
    :code.purge(:telemetry)
  end

  for host <- [:driver, :nif, :program] do
    describe "in the #{host} host" do
      @host host

      test "a call tells of its start and its end" do
        server = start(service: :echo, host: @host, telemetry: true)
        instance = Linkspan.handle(server)
        test = self()

        for {server, operation, name} <- [
              {server, :echo_long, "echo_long"},
              {instance, "echo", "echo"},
              {instance, 2, "echo_long"}
            ] do
          assert Linkspan.call(server, operation, "hi") == {:ok, "hi"}
          assert_received {:telemetry, [:linkspan, :call, :start], start, before, ^test}
          assert_received {:telemetry, [:linkspan, :call, :stop], stop, metadata, ^test}
          assert %{system_time: _, monotonic_time: from} = start
          assert %{duration: duration, monotonic_time: to} = stop
          assert duration == to - from and duration > 0

          assert before == %{
                   service: "echo",
                   host: @host,
                   operation: name,
                   instance: instance
                 }

          assert metadata == Map.put(before, :result, :ok)
        end

        assert_nothing()
      end

      test "a call that fails tells why, and one that raises that it did" do
        server = start(service: :echo, host: @host, telemetry: true)
        assert {:error, reason} = Linkspan.call(server, :fail, "no")
        assert %{result: {:error, ^reason}} = stop(:call)
        assert {:error, {:unknown_operation, 4711}} = Linkspan.call(server, 4711)
        assert %{operation: 4711, result: {:error, {:unknown_operation, 4711}}} = stop(:call)
        assert {:error, :timeout} = Linkspan.call(server, :sleep, "60000000", 1)
        assert %{operation: "sleep", result: {:error, :timeout}} = stop(:call)

        assert_raise ArgumentError, fn -> Linkspan.call(server, :echo, :no_iodata) end
        assert_received {:telemetry, [:linkspan, :call, :start], _, _, _}
        assert_received {:telemetry, [:linkspan, :call, :exception], measurements, metadata, _}
        assert %{duration: _} = measurements
        assert %{operation: "echo", kind: :error, reason: :badarg, stacktrace: [_ | _]} = metadata

        # Nothing was asked of the instance.
        assert {:error, {:unknown_operation, :none}} = Linkspan.call(server, :none)
        Linkspan.stop(server)
        assert_nothing()
      end

      test "a cast tells when it was accepted" do
        {:ok, instance} = Linkspan.open(service: :echo, host: @host, telemetry: true)
        assert Linkspan.cast(instance, :echo, "hi") == :ok
        assert %{operation: "echo", instance: ^instance, result: :ok} = stop(:cast)
        Linkspan.close(instance)
        assert Linkspan.cast(instance, :echo, "hi") == {:error, :closed}
        assert %{result: {:error, :closed}} = stop(:cast)
        assert_nothing()
      end

      test "a call that waits for room is one call" do
        server = start(service: :echo, host: @host, telemetry: true, queue: [limit: 1])
        running = occupy(server)
        waiting = Task.async(fn -> Linkspan.call(server, :echo_long, "hi", :infinity) end)
        eventually(fn -> Linkspan.info(server).counts.busy > 0 end)
        Process.exit(running, :kill)
        assert Task.await(waiting, @bound) == {:ok, "hi"}
        caller = waiting.pid
        assert_received {:telemetry, [:linkspan, :call, :start], _, _, ^caller}
        assert_received {:telemetry, [:linkspan, :call, :stop], _, %{result: :ok}, ^caller}
        # The one that was killed could tell of its start alone.
        assert_received {:telemetry, [:linkspan, :call, :start], _, _, ^running}
        assert_nothing()
      end

      test "a full queue is an error here as well, if the option says so" do
        queue = [limit: 1, full: :error]
        server = start(service: :echo, host: @host, telemetry: true, queue: queue)
        running = occupy(server)
        assert_received {:telemetry, [:linkspan, :call, :start], _, _, ^running}
        assert Linkspan.call(server, :echo_long) == {:error, :busy}
        assert %{result: {:error, :busy}} = stop(:call)
        assert Linkspan.cast(server, :echo_long) == {:error, :busy}
        assert %{result: {:error, :busy}} = stop(:cast)
        Process.exit(running, :kill)
      end

      test "events of the service carry the instance that its opener has" do
        options = [service: :echo, host: @host, telemetry: true, argument: "emit"]
        {:ok, instance} = Linkspan.open(options)
        assert_receive {:linkspan, ^instance, {:event, "started"}}, @bound
        assert Linkspan.call(instance, :emit, "more") == {:ok, ""}
        assert_receive {:linkspan, ^instance, {:event, "more"}}, @bound

        server = start(options)
        instance = Linkspan.handle(server)
        assert_receive {:linkspan, ^instance, {:event, "started"}}, @bound
        assert Linkspan.call(server, :emit, "more") == {:ok, ""}
        assert_receive {:linkspan, ^instance, {:event, "more"}}, @bound
      end

      test "such an instance is listed, known and ended as any other" do
        {:ok, opened} = Linkspan.open(service: :echo, host: @host, telemetry: true)
        server = start(service: :echo, host: @host, telemetry: true, on_panic: :stop)
        started = Linkspan.handle(server)
        assert Linkspan.handle(opened) == opened
        assert [opened, started] -- Linkspan.instances() == []

        for instance <- [opened, started] do
          assert 1 == Enum.count(Linkspan.instances(), &(same(&1) == same(instance)))
          assert %{host: @host, service: "echo", state: :open} = Linkspan.info(instance)
        end

        assert Linkspan.info(server).owner == server
        assert Linkspan.close(opened) == :ok
        assert Linkspan.call(opened, :echo) == {:error, :closed}
        assert Linkspan.info(opened) == {:error, :closed}
        monitor = Process.monitor(server)
        assert {:error, {:panic, _}} = Linkspan.call(server, :panic, "boom")
        assert_receive {:DOWN, ^monitor, :process, _, {:panic, "boom" <> _}}, @bound
        eventually(fn -> Linkspan.instances() -- [opened, started] == Linkspan.instances() end)
      end

      test "a service that cannot start is the same error" do
        options = [service: :echo, host: @host, telemetry: true, argument: "fail"]
        assert Linkspan.open(options) == {:error, {:service, 7, "told to fail"}}
        assert Linkspan.start_link(options) == {:error, {:service, 7, "told to fail"}}
        assert_nothing()
      end

      test "the owner's death ends the instance" do
        server = start(service: :echo, host: @host, telemetry: true)
        instance = Linkspan.handle(server)
        os_pid = Linkspan.info(instance)[:os_pid]
        Process.exit(server, :kill)
        eventually(fn -> Linkspan.call(instance, :echo) == {:error, :closed} end)
        if os_pid, do: eventually(fn -> not os_process?(os_pid) end)
      end

      test "an instance without the option tells nothing" do
        server = start(service: :echo, host: @host, telemetry: false)
        assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
        assert Linkspan.cast(server, :echo, "hi") == :ok
        assert_nothing()
      end

      @tag :without
      test "without a module telemetry the option changes nothing" do
        refute :linkspan_telemetry.is_available()
        server = start(service: :echo, host: @host, telemetry: true)
        assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
        plain = start(service: :echo, host: @host)
        hosts = for s <- [server, plain], do: elem(Linkspan.handle(s), 1)
        assert Enum.uniq(hosts) == [:"linkspan_#{@host}"]
      end

      test "statistics tell of each instance what has happened since the last ones" do
        name = :"statistics_#{@host}"
        options = [service: :echo, host: @host, name: name, events: spawn(fn -> :ok end)]
        server = start(options)
        for _ <- 1..3, do: {:ok, ""} = Linkspan.call(server, :sleep, "2000")
        {:error, _} = Linkspan.call(server, :fail)
        stats = start_stats(3_600_000)

        # The first tells of all since the instance was opened.
        {measurements, metadata} = tell(stats, server)
        assert %{errors: 1, panics: 0, queue_requests: 0, queue_bytes: 0} = measurements
        assert measurements.deferred in 3..4
        assert measurements.inline + measurements.deferred == 4
        %{p50: p50, p99: p99, max: max} = measurements
        assert System.convert_time_unit(max, :native, :microsecond) >= 2000
        assert p50 <= p99 and p99 <= max

        instance = Linkspan.handle(server)

        assert metadata == %{
                 service: "echo",
                 host: @host,
                 owner: server,
                 state: :open,
                 name: {:local, name},
                 instance: instance
               }

        {measurements, _} = tell(stats, server)
        assert %{errors: 0, inline: 0, deferred: 0, max: ^max} = measurements
        for _ <- 1..2, do: {:ok, ""} = Linkspan.call(server, :echo_long, "")
        {measurements, _} = tell(stats, server)
        assert %{errors: 0, inline: 0, deferred: 2} = measurements
      end
    end
  end

  test "the option is to be true or false" do
    error = assert_raise ArgumentError, fn -> Linkspan.open(service: :echo, telemetry: 1) end
    assert Exception.message(error) =~ "option :telemetry is to be one of [true,false]"
    options = [service: :echo, telemetry: :yes]
    assert {:bad_option, :telemetry, _} = catch_error(:linkspan.open(options))
  end

  test "the process of the statistics is there if the setting asks for it" do
    restarted = fn interval ->
      restart(interval)
      Process.whereis(:linkspan_stats)
    end

    server = start(service: :echo)
    assert restarted.(false) == nil
    assert is_pid(restarted.(1))
    for _ <- 1..2, do: assert_receive({:telemetry, _, _, %{owner: ^server}, _}, @bound)
    forget_telemetry()
    assert restarted.(1) == nil
    assert {:error, {:bad_setting, :telemetry_interval, 0}} = restart(0)
    assert {:error, {:bad_setting, :telemetry_interval, :often}} = restart(:often)
  after
    restart(nil)
  end

  test "a program that does not answer is told of later, and nothing twice" do
    server = start(service: :echo, host: :program)
    {:ok, ""} = Linkspan.call(server, :echo_long)
    stats = start_stats(3_600_000)
    assert {%{deferred: 1}, _} = tell(stats, server)
    %{os_pid: os_pid} = Linkspan.info(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])
    send(stats, :tell)
    _ = :sys.get_state(stats, :infinity)
    refute_received {:telemetry, _, _, %{owner: ^server}, _}
    {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"])
    {:ok, ""} = Linkspan.call(server, :echo_long)
    assert {%{deferred: 1}, _} = tell(stats, server)
  end

  # The statistics' process without the application's supervisor, which has none here.
  defp start_stats(interval) do
    Application.put_env(:linkspan, :telemetry_interval, interval)
    on_exit(fn -> Application.delete_env(:linkspan, :telemetry_interval) end)
    start_supervised!(%{id: :stats, start: {:linkspan_stats, :start_link, []}})
  end

  # As if the interval were over.
  defp tell(stats, server) do
    send(stats, :tell)

    assert_receive {:telemetry, [:linkspan, :instance, :stats], m, %{owner: ^server} = d, _},
                   @bound

    {m, d}
  end

  # The supervised process, started anew with a setting; nil for none.
  defp restart(setting) do
    Application.put_env(:linkspan, :telemetry_interval, setting)
    if setting == nil, do: Application.delete_env(:linkspan, :telemetry_interval)
    _ = :supervisor.terminate_child(:linkspan_sup, :linkspan_stats)
    :supervisor.restart_child(:linkspan_sup, :linkspan_stats)
  end

  # A process whose request runs until it is killed.
  defp occupy(server) do
    running = spawn(fn -> Linkspan.call(server, :sleep, "3600000000", :infinity) end)
    eventually(fn -> Linkspan.info(server).queue.requests == 1 end)
    running
  end

  # What a finished call or cast tells.
  defp stop(kind) do
    assert_receive {:telemetry, [:linkspan, ^kind, :start], _, _, _}
    assert_receive {:telemetry, [:linkspan, ^kind, :stop], _, metadata, _}
    metadata
  end

  defp assert_nothing do
    refute_received {:telemetry, _, _, _, _}
  end

  # What an instance goes to, whatever stands before it.
  defp same(instance) do
    case elem(instance, 2) do
      behind when is_tuple(behind) -> same(behind)
      target -> target
    end
  end
end
