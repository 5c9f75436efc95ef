# Requests whose answer is fetched later.
variants = [
  driver: [host: :driver],
  nif: [host: :nif],
  program: [host: :program],
  dirty_io: [host: :nif, deferred: :dirty_io],
  lanes: [host: :driver, lanes: 2],
  telemetry: [host: :nif, telemetry: true]
]

for {variant, options} <- variants do
  defmodule Module.concat(Linkspan.RequestTest, variant) do
    use ExUnit.Case, async: true
    @moduletag host: options[:host]
    import Linkspan.Eventually

    @variant variant
    @options options
    @bound 10_000
    @day "86400000000"

    defp echo(options \\ []), do: start([service: :echo] ++ @options ++ options)

    defp assert_no_message, do: assert(Process.info(self(), :messages) == {:messages, []})

    # What the lanes of an instance have open.
    defp open(server), do: Linkspan.info(server).queue.requests

    # It waited five seconds for an answer that had been fetched.
    test "a request that has been answered is given up at once" do
      request = Linkspan.send_request(echo(), :echo, "x")
      assert Linkspan.receive_response(request, @bound) == {:reply, {:ok, "x"}}
      {micros, given_up} = :timer.tc(fn -> Linkspan.cancel(request) end)
      assert given_up == {:error, :cancelled}
      assert micros < 4_000_000
      assert_no_message()
    end

    test "the answer is what a call would have returned" do
      server = echo()
      long = :binary.copy("x", 100_000)

      for {operation, body} <- [
            {:echo, "hi"},
            {1, ""},
            {"echo_long", ["h", ?i]},
            {:echo, long},
            {:echo_long, long},
            {:fail, "no"},
            {:refuse, ""},
            {:nothing, ""},
            {99, ""}
          ] do
        request = Linkspan.send_request(server, operation, body)
        expected = {:reply, Linkspan.call(server, operation, body)}
        assert Linkspan.receive_response(request, @bound) == expected
      end

      assert_no_message()
    end

    test "nothing runs in the sender" do
      server = echo()
      before = Linkspan.info(server).counts.inline

      for _ <- 1..50 do
        request = Linkspan.send_request(server, :echo, "hi")
        assert Linkspan.receive_response(request, @bound) == {:reply, {:ok, "hi"}}
      end

      # The program runs what is short at once, on a thread of its own.
      unless @variant == :program, do: assert(Linkspan.info(server).counts.inline == before)
    end

    test "many are open at once, and fetched in any order" do
      server = echo()

      requests =
        for n <- 1..500 do
          operation = Enum.at([:echo, :echo_long], rem(n, 2))
          {n, Linkspan.send_request(server, operation, "#{n}")}
        end

      for {n, request} <- Enum.shuffle(requests) do
        assert Linkspan.receive_response(request, @bound) == {:reply, {:ok, "#{n}"}}
      end

      assert_no_message()
    end

    test "what one process sends is handled in that order" do
      server = Linkspan.lane(echo(), :one)
      requests = for _ <- 1..100, do: Linkspan.send_request(server, :count)

      answers =
        for request <- requests do
          {:reply, {:ok, count}} = Linkspan.receive_response(request, @bound)
          String.to_integer(count)
        end

      assert answers == Enum.to_list(1..100)
    end

    test "one may wait again, and again" do
      server = echo()
      request = Linkspan.send_request(server, :sleep, "50000")
      assert Linkspan.wait_response(request, 0) == :timeout

      eventually(fn -> Linkspan.wait_response(request, 1) == {:reply, {:ok, ""}} end)
      assert_no_message()
    end

    test "a message is the answer or is not" do
      server = echo()
      [one, other] = for body <- ["1", "2"], do: Linkspan.send_request(server, :echo_long, body)
      send(self(), :foreign)
      send(self(), {make_ref(), 0, "3"})

      answers =
        for _ <- 1..4 do
          assert_receive message, @bound

          case {Linkspan.check_response(message, one), Linkspan.check_response(message, other)} do
            {{:reply, answer}, :no_reply} -> {:one, answer}
            {:no_reply, {:reply, answer}} -> {:other, answer}
            {:no_reply, :no_reply} -> :foreign
          end
        end

      assert Enum.sort(answers) ==
               Enum.sort([:foreign, :foreign, one: {:ok, "1"}, other: {:ok, "2"}])
    end

    test "errors that are known at once are messages as well" do
      server = echo()

      for {server, operation, reason} <- [
            {server, :nothing, {:unknown_operation, :nothing}},
            {:"no server #{@variant}", :echo, :closed}
          ] do
        request = Linkspan.send_request(server, operation, "")
        assert_receive message, @bound
        assert Linkspan.check_response(message, request) == {:reply, {:error, reason}}
      end
    end

    test "after a time-out the request is given up, and nothing comes" do
      server = Linkspan.lane(echo(), :one)
      request = Linkspan.send_request(server, :sleep, @day)
      queued = Linkspan.send_request(server, :echo, "never")
      assert Linkspan.receive_response(queued, 1) == :timeout
      assert Linkspan.receive_response(request, 1) == :timeout
      assert Linkspan.call(server, :echo, "behind", @bound) == {:ok, "behind"}
      assert_no_message()
    end

    test "cancelled before it runs, while it runs, and after" do
      server = Linkspan.lane(echo(), :one)
      running = Linkspan.send_request(server, :sleep, @day)
      eventually(fn -> open(server) == 1 end)
      queued = Linkspan.send_request(server, :echo, "never")
      assert Linkspan.cancel(queued) == {:error, :cancelled}
      assert Linkspan.cancel(running) == {:error, :cancelled}

      done = Linkspan.send_request(server, :echo, "done")
      # Its turn has come, and its answer with it.
      assert Linkspan.call(server, :echo, "behind", @bound) == {:ok, "behind"}
      assert Linkspan.cancel(done) == {:reply, {:ok, "done"}}
      unknown = Linkspan.send_request(server, :nothing)
      assert Linkspan.cancel(unknown) == {:reply, {:error, {:unknown_operation, :nothing}}}
      assert Linkspan.cancel(unknown) == {:error, :cancelled}
      assert_no_message()
    end

    test "a full queue answers busy, and waits for nobody" do
      server = Linkspan.lane(echo(queue: [limit: 1]), :one)
      running = Linkspan.send_request(server, :sleep, @day)
      eventually(fn -> open(server) == 1 end)
      refused = Linkspan.send_request(server, :echo, "hi")
      assert Linkspan.receive_response(refused, @bound) == {:reply, {:error, :busy}}
      assert Linkspan.cancel(running) == {:error, :cancelled}
      assert_no_message()
    end

    test "the instance's end is the answer to all that is open" do
      {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
      requests = for _ <- 1..10, do: Linkspan.send_request(instance, :sleep, @day)
      :ok = Linkspan.close(instance)
      late = Linkspan.send_request(instance, :echo, "late")

      for request <- [late | requests] do
        assert Linkspan.receive_response(request, @bound) == {:reply, {:error, :closed}}
      end

      assert_no_message()
    end

    test "a panic is the answer, and closed to those behind it" do
      Process.flag(:trap_exit, true)
      {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
      instance = Linkspan.lane(instance, :one)
      panicking = Linkspan.send_request(instance, :panic, "boom")
      behind = Linkspan.send_request(instance, :echo_long, "never")

      assert {:reply, {:error, {:panic, "boom" <> _}}} =
               Linkspan.receive_response(panicking, @bound)

      assert {:reply, {:error, _}} = Linkspan.receive_response(behind, @bound)
      # And then, in whatever order, links.
      eventually(fn -> Linkspan.call(instance, :echo) == {:error, :closed} end)
      for message <- flushed(), do: assert({:EXIT, _, {:panic, _}} = message)
    end

    defp flushed do
      receive do
        message -> [message | flushed()]
      after
        0 -> []
      end
    end

    test "the work of a sender that dies is told to stop" do
      server = Linkspan.lane(echo(), :one)

      {sender, monitor} =
        spawn_monitor(fn ->
          for _ <- 1..5, do: Linkspan.send_request(server, :sleep, @day)
          exit(:done)
        end)

      assert_receive {:DOWN, ^monitor, :process, ^sender, :done}, @bound
      assert Linkspan.call(server, :echo, "hi", @bound) == {:ok, "hi"}
      eventually(fn -> open(server) == 0 end)
    end

    test "what is no iodata raises, and nothing is sent" do
      server = echo()
      assert_raise ArgumentError, fn -> Linkspan.send_request(server, :echo, :body) end
      assert_raise ArgumentError, fn -> Linkspan.send_request(server, :echo, [300]) end
      assert_no_message()
    end
  end
end

defmodule Linkspan.RequestToProgramTest do
  # The program only: the others have no OS process to kill.
  use ExUnit.Case, async: true
  @moduletag host: :program

  test "a program that is killed is the answer to all that is open" do
    Process.flag(:trap_exit, true)
    {:ok, instance} = Linkspan.open(service: :echo, host: :program)
    requests = for _ <- 1..10, do: Linkspan.send_request(instance, :sleep, "86400000000")
    %{os_pid: os_pid} = Linkspan.info(instance)
    {"", 0} = System.cmd("kill", ["-KILL", "#{os_pid}"])

    for request <- requests do
      assert Linkspan.receive_response(request, 10_000) == {:reply, {:error, {:signal, 9}}}
    end
  end
end

defmodule Linkspan.RequestBugsTest do
  # What each of these opens with went wrong once, in that host.
  use ExUnit.Case, async: true
  import Linkspan.Eventually

  # The program's owner watched callers of requests that were never sent, until they died.
  @tag host: :program
  test "the program's owner keeps nothing of requests that could not be sent" do
    server = start(service: :echo, host: :program)
    owner = Linkspan.info(server).owner
    kept = fn -> {Process.info(owner, :dictionary), Process.info(owner, :monitors)} end
    # Longer than a frame, and no more memory than a MiB.
    long = List.duplicate(:binary.copy("x", 1024 * 1024), 1025)
    before = kept.()

    for _ <- 1..10 do
      assert {:error, {:bad_request, _}} = Linkspan.call(server, :echo, long, :infinity)
      request = Linkspan.send_request(server, :echo, long)
      assert {:reply, {:error, {:bad_request, _}}} = Linkspan.receive_response(request)
    end

    eventually(fn -> kept.() == before end)
  end

  # A caller between its request and its wish to be told got `bad_request` if the instance closed just then.
  test "who attaches to a request after the nif instance has closed is told so" do
    {:ok, instance} = Linkspan.open(service: :echo, host: :nif)
    resource = elem(instance, 2)
    {1, <<id::64>>} = :linkspan_nif.instance_control(resource, 3, "86400000000")
    :ok = Linkspan.close(instance)
    attach = [<<id::64, 5000::32>>, :erlang.term_to_binary(make_ref())]
    assert :linkspan_nif.instance_control(resource, 0xC0000000, attach) == {8, ""}
  end
end
