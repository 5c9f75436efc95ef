# What a user can see, written once and run in every host. One long file: what holds everywhere is read in one place.
# What goes wrong is in test/failures_test.exs.
# The nif host has two variants more: what runs on workers elsewhere runs on dirty schedulers there.
variants = [
  driver: [host: :driver],
  nif: [host: :nif],
  program: [host: :program],
  dirty_cpu: [host: :nif, deferred: :dirty_cpu],
  dirty_io: [host: :nif, deferred: :dirty_io]
]

for {variant, options} <- variants do
  defmodule Module.concat(Linkspan.ConformanceTest, variant) do
    use ExUnit.Case, async: true
    import Linkspan.Eventually

    @variant variant
    @options options
    @host options[:host]
    @moduletag host: @host, variant: variant
    @bound 10_000

    defp echo(options \\ []), do: start([service: :echo] ++ @options ++ options)

    # A request that has begun and runs until it is cancelled, however long what is tried meanwhile takes.
    defp spinning(server) do
      begun = fn -> Linkspan.info(server).counts.deferred end
      before = begun.()
      running = Linkspan.send_request(server, :spin, "86400000000")
      eventually(fn -> begun.() > before end)
      running
    end

    describe "calls" do
      test "an operation is named by number, atom or string" do
        server = echo()
        assert Linkspan.call(server, 1, "hi") == {:ok, "hi"}
        assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
        assert Linkspan.call(server, "echo", ["h", ?i]) == {:ok, "hi"}
        assert Linkspan.call(server, :echo) == {:ok, ""}
        assert Linkspan.call!(server, :echo, "hi") == "hi"
      end

      test "short and long operations answer alike" do
        server = echo()
        assert Linkspan.call(server, :echo_long, "hi") == {:ok, "hi"}
        assert %{counts: %{deferred: 1, inline: 0}} = Linkspan.info(server)

        # The worker may still be putting the instance down.
        eventually(fn ->
          assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
          Linkspan.info(server).counts.inline > 0
        end)
      end

      test "bodies come back intact, whatever their size" do
        server = echo()

        short = [0, 1, 63, 64, 65, 255, 1024, 1025, 4096]
        long = [32_767, 32_768, 65_536, 16 * 1024 * 1024]

        for size <- short ++ long,
            operation <- [:echo, :echo_long] do
          body = :rand.bytes(size)
          assert {:ok, ^body} = Linkspan.call(server, operation, body, :infinity)
        end
      end

      # Long answers are binaries of the NIF API, whose bytes lie elsewhere: once a driver port fell over them.
      test "what came back may be sent again" do
        server = echo()

        for size <- [100, 2000, 40_000, 1_000_000], operation <- [:echo, :echo_long] do
          body = :rand.bytes(size)
          {:ok, once} = Linkspan.call(server, operation, body)
          assert {:ok, ^body} = Linkspan.call(server, operation, once)
          assert {:ok, ^body} = Linkspan.call(server, operation, ["", once])
          part = binary_part(once, 10, size - 10)
          assert Linkspan.call(server, operation, part) == {:ok, binary_part(body, 10, size - 10)}
        end
      end

      test "a body may be any iodata, and nothing else" do
        server = echo()
        long = List.duplicate(["ab" | "cd"], 20_000)
        assert Linkspan.call(server, :echo_long, long) == {:ok, IO.iodata_to_binary(long)}
        assert_raise ArgumentError, fn -> Linkspan.call(server, :echo, :body) end
        assert_raise ArgumentError, fn -> Linkspan.call(server, :echo, [300]) end
        assert_raise ArgumentError, fn -> Linkspan.cast(server, :echo, %{}) end
        assert Linkspan.call(server, :echo, "still there") == {:ok, "still there"}
      end

      test "2,000 concurrent callers each get their own reply" do
        server = echo()

        replies =
          1..2000
          |> Enum.map(fn n ->
            Task.async(fn ->
              for operation <- [:echo, :echo_long] do
                Linkspan.call(server, operation, "#{n} #{operation}", :infinity)
              end
            end)
          end)
          |> Task.await_many(:infinity)

        for {[short, long], n} <- Enum.with_index(replies, 1) do
          assert short == {:ok, "#{n} echo"}
          assert long == {:ok, "#{n} echo_long"}
        end
      end

      test "whoever asks is refused by a full queue only, however many ask before one of them can wait" do
        server = echo(queue: [limit: 10_000, full: :error])
        :ok = Linkspan.cast(server, :sleep, "300000")

        tasks =
          for n <- 1..6000 do
            Task.async(fn ->
              receive(do: (:go -> Linkspan.call(server, :echo_long, "#{n}", :infinity)))
            end)
          end

        # All are ready before the first one runs.
        Process.flag(:priority, :high)
        for task <- tasks, do: send(task.pid, :go)
        Process.flag(:priority, :normal)
        assert Task.await_many(tasks, :infinity) == for(n <- 1..6000, do: {:ok, "#{n}"})
      end

      test "the service knows how long its caller waits" do
        server = echo()
        assert Linkspan.call(server, :remaining, "", :infinity) == {:ok, "infinity"}
        {:ok, left} = Linkspan.call(server, :remaining, "", 60_000)
        assert String.to_integer(left) in 1..60_000
      end
    end

    describe "order" do
      test "the requests of one caller are handled in the order in which it sent them" do
        {:ok, instance} = Linkspan.open([service: :echo] ++ @options)

        for n <- 1..500 do
          assert Linkspan.cast(instance, :emit, "#{n}") == :ok
          if rem(n, 7) == 0, do: Linkspan.cast(instance, :echo_long, "")
        end

        assert Linkspan.call(instance, :count) == {:ok, "#{500 + 71 + 1}"}

        for n <- 1..500 do
          event = "#{n}"
          assert_receive {:linkspan, ^instance, {:event, received}}
          assert received == event
        end
      end

      test "an event sent before the reply arrives before it" do
        {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
        assert Linkspan.call(instance, :emit, "first") == {:ok, ""}
        assert_received {:linkspan, ^instance, {:event, "first"}}
      end
    end

    describe "events" do
      test "they go to the process that the option names, from the start on" do
        test = self()
        relay = spawn_link(fn -> receive(do: (message -> send(test, {:relayed, message}))) end)
        server = echo(events: relay, argument: "emit")
        instance = Linkspan.handle(server)
        assert_receive {:relayed, {:linkspan, ^instance, {:event, "started"}}}, @bound
      end
    end

    describe "errors" do
      test "call! raises them in words" do
        server = echo()
        error = assert_raise Linkspan.Error, fn -> Linkspan.call!(server, :fail, "no") end
        assert Exception.message(error) == ":fail of echo: the service refused with code 42: no"
      end
    end

    describe "a time-out" do
      test "is an error after which no reply comes" do
        server = echo()
        assert Linkspan.call(server, :sleep, "20000", 1) == {:error, :timeout}
        assert Linkspan.call(server, :sleep, "0", 0) == {:error, :timeout}
        # Everything before this has been answered or dropped when it is.
        assert Linkspan.call(server, :echo_long, "", :infinity) == {:ok, ""}
        assert Process.info(self(), :messages) == {:messages, []}
      end

      test "that races with the reply gives one or the other" do
        server = echo()

        for n <- 1..500 do
          case Linkspan.call(server, :spin, "#{rem(n, 20) * 100}", 1) do
            {:ok, ""} -> :ok
            {:error, :timeout} -> :ok
          end
        end

        assert Linkspan.call(server, :echo_long, "", :infinity) == {:ok, ""}
        assert Process.info(self(), :messages) == {:messages, []}
      end

      test "tells running work to stop, and drops work that is queued" do
        server = echo()
        day = "86400000000"
        assert Linkspan.call(server, :spin, day, 500) == {:error, :timeout}
        assert Linkspan.call(server, :count, "", @bound) == {:ok, "2"}

        running = spinning(server)
        assert Linkspan.call(server, :spin, day, 1) == {:error, :timeout}
        assert Linkspan.cancel(running) == {:error, :cancelled}
        # The queued one was never handled.
        assert Linkspan.call(server, :count, "", @bound) == {:ok, "4"}
      end
    end

    describe "a full queue" do
      test "is an error if the option says so" do
        server = echo(queue: [limit: 2, full: :error])
        running = spinning(server)
        waiting = Linkspan.send_request(server, :echo_long, "waiting")
        assert Linkspan.call(server, :echo_long) == {:error, :busy}
        assert Linkspan.cast(server, :echo_long) == {:error, :busy}
        assert Linkspan.cancel(running) == {:error, :cancelled}
        assert Linkspan.receive_response(waiting, @bound) == {:reply, {:ok, "waiting"}}
        assert Linkspan.call(server, :echo_long, "room again") == {:ok, "room again"}
      end

      test "has the places again of those who gave up" do
        server = echo(queue: [limit: 5, full: :error])
        running = spinning(server)
        # Four at most would fit beside it, if each kept its place.
        gave_up = for _ <- 1..12, do: Linkspan.call(server, :echo_long, "", 1)
        # The program host hears of it a little later.
        assert Enum.all?(gave_up, &(&1 in [{:error, :timeout}, {:error, :busy}]))
        eventually(fn -> Linkspan.info(server).queue.requests == 1 end)
        waiting = Linkspan.send_request(server, :echo_long, "hi")
        assert Linkspan.cancel(running) == {:error, :cancelled}
        assert Linkspan.receive_response(waiting, @bound) == {:reply, {:ok, "hi"}}
      end

      test "makes callers wait for room, all of which get it" do
        server = echo(queue: [limit: 3])
        numbers = 1..200

        tasks =
          for n <- numbers,
              do: Task.async(fn -> Linkspan.call(server, :echo_long, "#{n}", :infinity) end)

        assert Task.await_many(tasks, :infinity) == Enum.map(numbers, &{:ok, "#{&1}"})
      end

      test "makes a caller wait no longer than its time-out, and leaves no message" do
        server = echo(queue: [limit: 1])
        running = spinning(server)
        assert Linkspan.call(server, :echo_long, "", 20) == {:error, :timeout}
        assert Linkspan.cancel(running) == {:error, :cancelled}
        assert Linkspan.call(server, :echo_long, "", @bound) == {:ok, ""}
        assert Process.info(self(), :messages) == {:messages, []}
      end

      test "is bounded in bytes as well, but takes one long body when nothing else is open" do
        server = echo(queue: [bytes: 1000, full: :error])
        body = :binary.copy("x", 5000)
        assert Linkspan.call(server, :echo_long, body) == {:ok, body}
        running = spinning(server)
        assert Linkspan.call(server, :echo_long, body) == {:error, :busy}
        assert Linkspan.cancel(running) == {:error, :cancelled}
      end
    end

    describe "the end" do
      test "close answers those who wait, and everybody after" do
        {:ok, instance} = Linkspan.open([service: :echo] ++ @options)

        waiting =
          for _ <- 1..5,
              do: Task.async(fn -> Linkspan.call(instance, :sleep, "86400000000", :infinity) end)

        eventually(fn -> Linkspan.info(instance).queue.requests == 5 end)
        assert Linkspan.close(instance) == :ok
        assert Enum.uniq(Task.await_many(waiting, @bound)) == [{:error, :closed}]
        assert Linkspan.call(instance, :echo) == {:error, :closed}
        assert Linkspan.cast(instance, :echo) == {:error, :closed}
        assert Linkspan.info(instance) == {:error, :closed}
        assert Linkspan.close(instance) == :ok
      end

      test "the owner's death ends the instance, and answers those who wait" do
        server = echo()
        instance = Linkspan.handle(server)
        os_pid = Linkspan.info(instance)[:os_pid]
        task = Task.async(fn -> Linkspan.call(instance, :sleep, "86400000000", :infinity) end)
        eventually(fn -> Linkspan.info(instance).queue.requests == 1 end)
        Process.exit(server, :kill)
        assert Task.await(task, @bound) == {:error, :closed}
        assert Linkspan.call(instance, :echo) == {:error, :closed}
        assert Linkspan.call(server, :echo) == {:error, :closed}
        if os_pid, do: eventually(fn -> not os_process?(os_pid) end)
      end

      test "an opener takes its instance along, however it ends" do
        test = self()

        for reason <- [:normal, :kill] do
          opener =
            spawn(fn ->
              {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
              send(test, {:opened, instance})
              receive(do: (:go -> :ok))
            end)

          assert_receive {:opened, instance}, @bound
          if reason == :kill, do: Process.exit(opener, :kill), else: send(opener, :go)
          eventually(fn -> Linkspan.call(instance, :echo) == {:error, :closed} end)
        end
      end

      test "stop ends a server, and its name is free again" do
        name = :"stopped_#{@variant}"
        server = echo(name: name)
        assert Linkspan.call(name, :echo, "hi") == {:ok, "hi"}
        assert Linkspan.stop(name) == :ok
        refute Process.alive?(server)
        assert Linkspan.call(name, :echo) == {:error, :closed}
        assert Linkspan.call(echo(name: name), :echo, "again") == {:ok, "again"}
      end

      test "a supervisor restarts a server, as a new instance" do
        name = :"restarted_#{@variant}"
        children = [{Linkspan, [service: :echo, name: name] ++ @options}]
        {:ok, _} = start_supervised({Task.Supervisor, name: :"other_#{@variant}"})

        {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
        first = Process.whereis(name)
        assert Linkspan.call(name, :count) == {:ok, "1"}
        assert {:error, {:panic, _}} = Linkspan.call(name, :panic, "boom")
        eventually(fn -> Process.whereis(name) not in [nil, first] end)
        eventually(fn -> Linkspan.call(name, :count) == {:ok, "1"} end)
        Supervisor.stop(supervisor)
      end
    end

    describe "opening" do
      test "hands the start argument over byte for byte" do
        argument = :rand.bytes(100_000)
        assert Linkspan.call(echo(argument: argument), :argument) == {:ok, argument}
      end

      test "takes a name once" do
        for name <- [
              :"named_#{@variant}",
              {:global, {:named, @variant}},
              {:via, :global, {:via, @variant}}
            ] do
          server = echo(name: name)
          assert Linkspan.call(name, :echo, "hi") == {:ok, "hi"}
          options = [service: :echo, name: name] ++ @options
          assert Linkspan.start_link(options) == {:error, {:already_started, server}}
        end
      end
    end

    test "what a service prints does not disturb it" do
      server = echo()
      assert Linkspan.call(server, :print, "printed by the #{@host} host's service") == {:ok, ""}
      assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
    end

    test "info says what there is to know" do
      server = echo()

      assert %{
               host: @host,
               service: "echo",
               state: :open,
               queue: %{requests: 0, bytes: 0},
               library: %{path: _, hash: hash},
               operations: %{"echo" => 1},
               counts: %{inline: 0}
             } = Linkspan.info(server)

      assert byte_size(hash) == 64
      assert Linkspan.call(server, :host) == {:ok, "#{@host}"}
    end
  end
end
