# Instances of the nif host whose deferred requests run on dirty schedulers. What they have in common with all others is
# in the conformance test, which has a variant for each kind.
defmodule Linkspan.DirtyTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 600_000
  @bound 60_000
  # In microseconds; far longer than any test.
  @day "86400000000"

  defp echo(deferred, options \\ []),
    do: start([service: :echo, host: :nif, deferred: deferred] ++ options)

  defp running(server, operation, body, timeout \\ :infinity) do
    task = Task.async(fn -> Linkspan.call(server, operation, body, timeout) end)
    eventually(fn -> Linkspan.info(server).counts.deferred > 0 end)
    task
  end

  # The runner of a server's instance is linked to it, and nobody else is.
  defp runner(server) do
    {:links, [runner]} = Process.info(server, :links)
    runner
  end

  for {kind, names} <- [dirty_cpu: ~r/dirty_cpu|dcpu/, dirty_io: ~r/dirty_io|dio/] do
    @kind kind
    @names names

    describe "#{kind}" do
      test "what is deferred runs on such a scheduler, whoever brings it" do
        {:ok, instance} = Linkspan.open(service: :echo, host: :nif, deferred: @kind)

        # The caller, by way of its own scheduler.
        assert {:ok, name} = Linkspan.call(instance, :thread, "deferred")
        assert name =~ @names
        assert_received {:linkspan, ^instance, {:event, ^name}}

        # Nobody in particular.
        assert Linkspan.cast(instance, :thread, "deferred") == :ok
        assert_receive {:linkspan, ^instance, {:event, name}}, @bound
        assert name =~ @names
        assert Linkspan.info(instance).deferred == @kind
      end

      test "what had to queue runs there too, and the answer is a message" do
        server = echo(@kind)
        first = Linkspan.send_request(server, :spin, @day)
        # It has begun, otherwise cancelling it would be all.
        eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
        waiting = for _ <- 1..20, do: Task.async(fn -> Linkspan.call(server, :thread, "d") end)
        eventually(fn -> Linkspan.info(server).queue.requests == 21 end)
        assert Linkspan.cancel(first) == {:error, :cancelled}

        for {:ok, name} <- Task.await_many(waiting, @bound), do: assert(name =~ @names)
        assert Linkspan.info(server).counts.deferred == 21
      end

      test "an operation that proves to be quick is promoted to the caller's scheduler" do
        server = echo(@kind)

        eventually(fn ->
          {:ok, name} = Linkspan.call(server, :thread)
          assert Linkspan.info(server).counts.inline > 0 or name =~ @names
          Linkspan.info(server).counts.inline > 0 and name =~ "sched" and not (name =~ @names)
        end)
      end

      test "the order of one caller's casts and calls is kept" do
        {:ok, instance} = Linkspan.open(service: :echo, host: :nif, deferred: @kind)

        for n <- 1..300 do
          assert Linkspan.cast(instance, :emit, "#{n}") == :ok
          if rem(n, 5) == 0, do: assert(Linkspan.cast(instance, :echo_long) == :ok)

          if rem(n, 7) == 0 do
            assert Linkspan.call(instance, :echo_long, "#{n}") == {:ok, "#{n}"}
            # All that was sent before has been handled, and its events were sent first.
            count = "#{n + div(n, 5) + div(n, 7) + div(n, 7)}"
            assert Linkspan.call(instance, :count) == {:ok, count}
            assert_received {:linkspan, ^instance, {:event, _}}
          end
        end

        assert {:ok, _} = Linkspan.call(instance, :count)
        {:messages, messages} = Process.info(self(), :messages)

        left =
          for {:linkspan, ^instance, {:event, event}} <- messages, do: String.to_integer(event)

        assert left == Enum.to_list((div(300, 7) + 1)..300)
      end

      test "2,000 callers on ten instances each get their own reply" do
        servers = for _ <- 1..10, do: echo(@kind)

        tasks =
          for n <- 1..2000 do
            server = Enum.at(servers, rem(n, 10))
            Task.async(fn -> Linkspan.call(server, :echo_long, "#{n}", :infinity) end)
          end

        assert Task.await_many(tasks, :infinity) == for(n <- 1..2000, do: {:ok, "#{n}"})
        for server <- servers, do: assert(Linkspan.info(server).queue.requests == 0)
        assert Enum.sum(for s <- servers, do: Linkspan.info(s).counts.deferred) == 2000
      end

      test "a caller that is killed stops its run, and those behind it are answered" do
        server = echo(@kind)
        {killed, down} = spawn_monitor(fn -> Linkspan.call(server, :spin, @day, :infinity) end)
        eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
        waiting = for n <- 1..20, do: Task.async(fn -> Linkspan.call(server, :echo, "#{n}") end)
        eventually(fn -> Linkspan.info(server).queue.requests == 21 end)
        Process.exit(killed, :kill)
        assert_receive {:DOWN, ^down, :process, _, :killed}, @bound
        assert Task.await_many(waiting, @bound) == for(n <- 1..20, do: {:ok, "#{n}"})
        eventually(fn -> Linkspan.info(server).queue.requests == 0 end)
        assert Linkspan.info(server).counts.cancelled == 1
      end

      test "a caller that comes again after a thousand others is still watched" do
        server = echo(@kind)
        for _ <- 1..10, do: {:ok, ""} = Linkspan.call(server, :echo_long)
        caller = fn -> Linkspan.call(server, :echo_long, "hi", :infinity) end
        replies = Task.await_many(for(_ <- 1..1000, do: Task.async(caller)), :infinity)
        assert Enum.uniq(replies) == [{:ok, "hi"}]

        {killed, down} =
          spawn_monitor(fn ->
            for _ <- 1..10, do: {:ok, ""} = Linkspan.call(server, :echo_long)
            Linkspan.call(server, :spin, @day, :infinity)
          end)

        eventually(fn -> Linkspan.info(server).counts.deferred == 1021 end)
        Process.exit(killed, :kill)
        assert_receive {:DOWN, ^down, :process, _, :killed}, @bound
        eventually(fn -> Linkspan.info(server).queue.requests == 0 end)
      end

      test "events of a run whose caller is killed are not lost, nor are replies to others" do
        {:ok, instance} = Linkspan.open(service: :echo, host: :nif, deferred: @kind)
        {killed, down} = spawn_monitor(fn -> Linkspan.call(instance, :spin, @day, :infinity) end)
        eventually(fn -> Linkspan.info(instance).counts.deferred == 1 end)
        for n <- 1..5, do: assert(Linkspan.cast(instance, :emit, "#{n}") == :ok)
        Process.exit(killed, :kill)
        assert_receive {:DOWN, ^down, :process, _, :killed}, @bound
        assert Linkspan.call(instance, :echo_long, "hi", @bound) == {:ok, "hi"}

        for n <- 1..5 do
          assert_receive {:linkspan, ^instance, {:event, event}}, @bound
          assert event == "#{n}"
        end
      end

      test "when the owner is killed everybody is answered and the runner ends" do
        server = echo(@kind)
        instance = Linkspan.handle(server)
        runner = runner(server)
        down = Process.monitor(runner)
        first = running(server, :spin, @day)
        behind = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(instance, :echo_long) end)
        eventually(fn -> Linkspan.info(instance).queue.requests == 6 end)
        Process.exit(server, :kill)
        assert Enum.uniq(Task.await_many([first | behind], @bound)) == [{:error, :closed}]
        assert_receive {:DOWN, ^down, :process, _, _}, @bound
        assert Linkspan.call(instance, :echo_long) == {:error, :closed}
      end

      test "stop/1 does not wait for a request that is running, be it the runner's" do
        server = echo(@kind)
        down = Process.monitor(runner(server))
        assert Linkspan.cast(server, :spin, @day) == :ok
        eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
        behind = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :echo_long) end)
        eventually(fn -> Linkspan.info(server).queue.requests == 6 end)
        assert Linkspan.stop(server) == :ok
        assert Enum.uniq(Task.await_many(behind, @bound)) == [{:error, :closed}]
        assert_receive {:DOWN, ^down, :process, _, _}, @bound
      end

      test "close in the middle answers everybody" do
        {:ok, instance} = Linkspan.open(service: :echo, host: :nif, deferred: @kind)
        first = running(instance, :spin, @day)
        behind = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(instance, :echo_long) end)
        eventually(fn -> Linkspan.info(instance).queue.requests == 6 end)
        assert Linkspan.close(instance) == :ok
        assert Enum.uniq(Task.await_many([first | behind], @bound)) == [{:error, :closed}]
      end

      test "a runner that is killed takes its owner along, and nobody waits for ever" do
        server = echo(@kind)
        down = Process.monitor(server)
        runner = runner(server)
        assert Linkspan.cast(server, :spin, @day) == :ok
        eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
        behind = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :echo_long) end)
        eventually(fn -> Linkspan.info(server).queue.requests == 6 end)
        Process.exit(runner, :kill)
        assert_receive {:DOWN, ^down, :process, _, :killed}, @bound
        assert Enum.uniq(Task.await_many(behind, @bound)) == [{:error, :closed}]
      end

      test "a run that does not ask whether it should stop ends late, with a time-out" do
        server = echo(@kind)
        assert Linkspan.call(server, :work, "20000", 1) == {:error, :timeout}
        assert Linkspan.call(server, :echo_long, "hi") == {:ok, "hi"}
        assert Process.info(self(), :messages) == {:messages, []}
      end
    end
  end

  test "an instance holds one dirty scheduler, however many queue behind its request" do
    # Files are read on these schedulers as well: two are left alone.
    others = :erlang.system_info(:dirty_io_schedulers) - 3
    assert others > 0
    busy = echo(:dirty_io)
    first = running(busy, :spin, @day)

    behind =
      for _ <- 1..100, do: Task.async(fn -> Linkspan.call(busy, :echo_long, "", :infinity) end)

    eventually(fn -> Linkspan.info(busy).queue.requests == 101 end)

    servers = for _ <- 1..others, do: echo(:dirty_io)
    tasks = for s <- servers, do: running(s, :spin, @day)
    # They all run at the same time.
    for server <- [busy | servers], do: assert(Linkspan.info(server).counts.deferred == 1)

    for server <- [busy | servers], do: assert(Linkspan.stop(server) == :ok)
    assert Enum.uniq(Task.await_many([first | behind] ++ tasks, @bound)) == [{:error, :closed}]
  end

  test "workers and dirty schedulers serve instances of one VM side by side" do
    servers = [
      {start(service: :echo, host: :driver), ~r/linkspan_worker/},
      {start(service: :echo, host: :nif), ~r/linkspan_worker/},
      {echo(:dirty_cpu), ~r/dirty_cpu|dcpu/},
      {echo(:dirty_io), ~r/dirty_io|dio/}
    ]

    tasks =
      for n <- 1..400 do
        {server, names} = Enum.at(servers, rem(n, 4))
        Task.async(fn -> {Linkspan.call(server, :thread, "d", :infinity), names} end)
      end

    for {{:ok, name}, names} <- Task.await_many(tasks, :infinity), do: assert(name =~ names)
  end

  for {how, expression} <- [halt: "halt(3)", stop: "init:stop(3)"] do
    test "the VM ends by #{how} while dirty schedulers are busy" do
      script = """
      {ok, _} = application:ensure_all_started(linkspan),
      Run = fun(Deferred) ->
          {ok, I} = linkspan:open([{service, echo}, {host, nif}, {deferred, Deferred}]),
          spawn(fun() -> linkspan:call(I, hang, <<>>, infinity) end),
          ok = (fun Wait() ->
              case maps:get(deferred, maps:get(counts, linkspan:info(I))) of
                  1 -> ok;
                  _ -> erlang:yield(), Wait()
              end
          end)(),
          ok = linkspan:cast(I, echo_long)
      end,
      _ = [Run(Deferred) || Deferred <- [dirty_cpu, dirty_io]],
      io:put_chars("running"),
      #{unquote(expression)}.
      """

      paths = Enum.flat_map(:code.get_path(), &["-pa", List.to_string(&1)])
      arguments = ["-noshell"] ++ paths ++ ["-eval", script]
      assert System.cmd("erl", arguments, stderr_to_stdout: true) == {"running", 3}
    end
  end
end
