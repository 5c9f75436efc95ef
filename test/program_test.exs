# The external program's life and death. One host: only this one has an OS process.
defmodule Linkspan.ProgramTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually

  @bound 10_000

  defp os_pid(server), do: Linkspan.info(server).os_pid

  test "closing the instance ends the program in the middle of a request that never ends" do
    {:ok, instance} = Linkspan.open(service: :echo, host: :program)
    os_pid = os_pid(instance)
    task = Task.async(fn -> Linkspan.call(instance, :hang, "", :infinity) end)
    eventually(fn -> Linkspan.info(instance).queue.requests == 1 end)
    Linkspan.close(instance)
    assert Task.await(task, @bound) == {:error, :closed}
    eventually(fn -> not os_process?(os_pid) end)
  end

  # The owner traps exits, and once did not hear of its opener's while it waited for the service to start.
  test "an opener killed while the service starts takes owner and program along" do
    endless = ~s|{"source": "for (;;);"}|

    opener = spawn(fn -> Linkspan.open(service: :script, host: :program, argument: endless) end)

    eventually(fn -> opened(opener) != nil end)
    {owner, os_pid} = opened(opener)
    assert os_process?(os_pid)
    Process.exit(opener, :kill)
    eventually(fn -> not Process.alive?(owner) and not os_process?(os_pid) end)
  end

  # The owner that a process waits for, and its program.
  defp opened(opener) do
    with {:links, [owner]} when is_pid(owner) <- Process.info(opener, :links),
         {:links, links} <- Process.info(owner, :links),
         port when port != nil <- Enum.find(links, &is_port/1),
         # 0 until the VM has heard of the new process.
         {:os_pid, os_pid} when os_pid > 0 <- Port.info(port, :os_pid) do
      {owner, os_pid}
    else
      _ -> nil
    end
  end

  test "the death of the VM ends the program in the middle of a request that never ends" do
    code = ~S"""
    {ok, I} = linkspan:open([{service, echo}, {host, program}]),
    spawn(fun() -> linkspan:call(I, hang, <<>>, infinity) end),
    Wait = fun Wait() -> case linkspan:info(I) of
        #{queue := #{requests := 1}, os_pid := P} -> io:format("~b ~s~n", [P, os:getpid()]);
        _ -> Wait() end end,
    Wait(), receive never -> ok end.
    """

    paths = for app <- [:linkspan, :elixir], do: Application.app_dir(app, "ebin")
    arguments = ["-noshell", "-pa"] ++ paths ++ ["-eval", "ok = linkspan:load(), " <> code]

    vm =
      Port.open({:spawn_executable, System.find_executable("erl")}, [
        :binary,
        line: 100,
        args: arguments
      ])

    assert_receive {^vm, {:data, {:eol, line}}}, 30_000
    [program, beam] = String.split(line)
    assert os_process?(program)
    {_, 0} = System.cmd("kill", ["-9", beam])
    eventually(fn -> not os_process?(program) end)
  end

  test "a supervisor mends a killed program" do
    name = :killed_program
    children = [{Linkspan, service: :script, host: :program, name: name}]
    {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
    {:ok, "1"} = Linkspan.call(name, :eval, "a = 1", @bound)
    first = os_pid(name)
    {_, 0} = System.cmd("kill", ["-9", "#{first}"])
    eventually(fn -> match?(%{os_pid: other} when other != first, Linkspan.info(name)) end)
    assert Linkspan.call(name, :eval, "typeof a", @bound) == {:ok, "undefined"}
    refute os_process?(first)
    Supervisor.stop(supervisor)
  end

  test "a full pipe leaves no late reply to callers that time out" do
    server = start(service: :echo, host: :program)
    body = :binary.copy("x", 100_000)

    late = fn ->
      for timeout <- [0, 1, 3, 0, 1, 3] do
        result = Linkspan.call(server, :echo_long, body, timeout)
        assert result in [{:ok, body}, {:error, :timeout}]
      end

      # Everything before this has been answered or dropped when it is.
      assert Linkspan.call(server, :echo_long, "", :infinity) == {:ok, ""}
      Process.info(self(), :messages)
    end

    callers = for _ <- 1..40, do: Task.async(late)
    assert Enum.uniq(Task.await_many(callers, 60_000)) == [{:messages, []}]
  end

  test "callers whose request is lost with a process that waited for a full pipe are told so" do
    server = start(service: :echo, host: :program)
    os_pid = os_pid(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])
    body = :binary.copy("x", 1_000_000)

    callers =
      for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :echo_long, body, :infinity) end)

    # All of them are watched, and who writes for them.
    watched = fn ->
      {:monitors, monitors} = Process.info(server, :monitors)
      Keyword.values(monitors) -- Enum.map(callers, & &1.pid)
    end

    eventually(fn -> length(watched.()) == 1 end)
    [writer] = watched.()
    Process.exit(writer, :kill)
    assert Enum.uniq(Task.await_many(callers, @bound)) == [{:error, :closed}]
    {_, 0} = System.cmd("kill", ["-KILL", "#{os_pid}"])
  end

  test "a full pipe suspends no caller beyond its time-out" do
    server = start(service: :echo, host: :program)
    os_pid = os_pid(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])
    body = :binary.copy("x", 1_000_000)
    calls = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :echo_long, body, 100) end)
    assert Enum.uniq(Task.await_many(calls, @bound)) == [{:error, :timeout}]
    {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"])
    assert Linkspan.call(server, :echo_long, "still there", @bound) == {:ok, "still there"}
  end

  # A program that is stopped, with a pipe that is full.
  defp with_full_pipe(fun) do
    server = start(service: :echo, host: :program)
    os_pid = os_pid(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])
    body = :binary.copy("x", 1_000_000)
    filling = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :echo_long, body, 1) end)
    assert Enum.uniq(Task.await_many(filling, @bound)) == [{:error, :timeout}]
    fun.(server, fn -> {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"]) end)
  end

  defp elapsed(fun) do
    {micros, result} = :timer.tc(fun)
    {div(micros, 1000), result}
  end

  # It waited so long for the pipe, and then as long for the answer.
  test "a time-out counts what was waited for a full pipe" do
    with_full_pipe(fn server, go_on ->
      timeout = 6000

      call =
        Task.async(fn -> elapsed(fn -> Linkspan.call(server, :sleep, "60000000", timeout) end) end)

      receive do
      after
        div(timeout * 9, 10) -> go_on.()
      end

      {took, result} = Task.await(call, 3 * timeout)
      assert result == {:error, :timeout}
      assert took in timeout..div(timeout * 17, 10)
    end)
  end

  # It has no time-out of its own, and waited for ever.
  test "a stream on a full pipe is refused in time" do
    with_full_pipe(fn server, go_on ->
      asked = Task.async(fn -> :linkspan.stream(server, :count_to, "3") end)
      assert Task.await(asked, @bound) == {:error, :timeout}
      go_on.()
      assert server |> Linkspan.stream(:count_to, "3") |> Enum.to_list() == ["1", "2", "3"]
    end)
  end

  # A few bytes of a compressed term may stand for gigabytes, and a tag may name a process of another node.
  test "tags that nobody sent are refused before they are read" do
    compressed = :erlang.term_to_binary(:binary.copy("x", 50_000_000), [:compressed])
    elsewhere = <<131, 90, 0, 1, 119, 1, ?x, 0::32, 0::32>>
    atom = "no_such_atom_before_#{System.unique_integer([:positive])}"
    unknown = <<131, 119, byte_size(atom), atom::binary>>

    # Memory is everybody's: what is looked at is whether a compressed term is read at all.
    on_exit(fn -> :erlang.trace_pattern({:erlang, :binary_to_term, :_}, false, []) end)
    assert :erlang.trace_pattern({:erlang, :binary_to_term, :_}, true, []) > 0

    for tag <- [compressed, elsewhere, unknown, <<131>>, ""] do
      server = start(service: :echo, host: :program)
      monitor = Process.monitor(server)
      1 = :erlang.trace(server, true, [:call])
      port = Linkspan.info(server).port
      send(server, {port, {:data, <<0x81, byte_size(tag)::16, tag::binary, 0>>}})
      why = {:protocol, "a reply with a tag that nobody sent"}
      assert_receive {:DOWN, ^monitor, _, _, ^why}, @bound
      # Told after all calls that there were.
      told = :erlang.trace_delivered(server)
      assert_receive {:trace_delivered, ^server, ^told}, @bound
      refute_received {:trace, ^server, :call, {_, _, [<<131, 80, _::binary>> | _]}}
      # So does what is read show.
      if tag == elsewhere, do: assert_received({:trace, ^server, :call, {_, _, [^tag | _]}})
    end

    assert_raise ArgumentError, fn -> String.to_existing_atom(atom) end
  end

  test "who waits for room is forgotten when it is killed, and when its time is over" do
    server = start(service: :echo, host: :program, queue: [limit: 1, full: :wait])
    running = Linkspan.send_request(server, :spin, "86400000000")
    waiting = spawn(fn -> Linkspan.call(server, :echo_long, "", 86_400_000) end)
    eventually(fn -> Linkspan.info(server).counts.busy > 0 end)

    open = fn ->
      {:dictionary, dictionary} = Process.info(server, :dictionary)
      Enum.count(dictionary, &is_integer(elem(&1, 0)))
    end

    eventually(fn -> open.() == 1 end)
    Process.exit(waiting, :kill)
    eventually(fn -> open.() == 0 end)
    assert Linkspan.call(server, :echo_long, "", 50) == {:error, :timeout}
    assert open.() == 0
    # The one who runs is watched.
    assert Process.info(server, :monitors) == {:monitors, [process: self()]}
    assert Linkspan.cancel(running) == {:error, :cancelled}
    assert Linkspan.call(server, :echo) == {:ok, ""}
  end

  test "callers that ask at the same time each get their own answer, whatever it is" do
    server = start(service: :echo, host: :program)

    callers =
      for caller <- 1..100 do
        Task.async(fn ->
          for call <- 1..50 do
            body = "#{caller} #{call} " <> :binary.copy("x", rem(caller * call, 200))
            operation = Enum.at([:echo, :echo_long, "echo"], rem(call, 3))
            assert Linkspan.call(server, operation, [body], @bound) == {:ok, body}
            assert Linkspan.call(server, 99, body, @bound) == {:error, {:unknown_operation, 99}}
          end

          Process.info(self(), :messages)
        end)
      end

    assert Enum.uniq(Task.await_many(callers, 60_000)) == [{:messages, []}]
  end

  # The owner tells those who wait of its end; one that is killed cannot.
  test "callers whose owner is killed do not wait for ever" do
    Process.flag(:trap_exit, true)
    {:ok, server} = Linkspan.start_link(service: :echo, host: :program)
    calls = for _ <- 1..5, do: Task.async(fn -> Linkspan.call(server, :hang, "", :infinity) end)
    eventually(fn -> Linkspan.info(server).queue.requests == 5 end)
    Process.exit(server, :kill)
    assert Enum.uniq(Task.await_many(calls, @bound)) == [{:error, :closed}]
  end

  test "calls that time out while their program is stopped leave nothing behind in the owner" do
    server = start(service: :echo, host: :program)
    os_pid = os_pid(server)
    before = dictionary(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])

    for body <- ["short", :binary.copy("x", 1_000_000), :binary.copy("y", 1_000_000)] do
      call = fn -> Linkspan.call(server, :echo_long, body, 50) end
      calls = for _ <- 1..5, do: Task.async(call)
      assert Enum.uniq(Task.await_many(calls, @bound)) == [{:error, :timeout}]
    end

    {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"])
    assert Linkspan.call(server, :echo_long, "still there", @bound) == {:ok, "still there"}
    eventually(fn -> dictionary(server) == before end)
  end

  # It began anew with the answer that the queue is full, which a program may give late.
  test "the time-out holds for a late busy and the wait for room together" do
    server = start(service: :echo, host: :program, queue: [limit: 1])
    os_pid = os_pid(server)
    hang = Linkspan.send_request(server, :hang, "")
    eventually(fn -> Linkspan.info(server).queue.requests == 1 end)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])

    call = Task.async(fn -> receive do: (:go -> Linkspan.call(server, :echo, "", 1_000)) end)
    asks = {:linkspan_batch, :ask, 5}
    :erlang.trace_pattern(asks, true, [])
    1 = :erlang.trace(call.pid, true, [:call, :monotonic_timestamp])
    send(call.pid, :go)

    assert_receive {:trace_ts, _, :call, {:linkspan_batch, :ask, [_, _, _, _, 1_000]}, from},
                   @bound

    late = from + System.convert_time_unit(100, :millisecond, :native)
    eventually(fn -> System.monotonic_time() > late end)
    {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"])

    assert Task.await(call, @bound) == {:error, :timeout}
    :erlang.trace_pattern(asks, false, [])

    # If the machine took longer than the time-out, there was no wait for room.
    receive do
      {:trace_ts, _, :call, {:linkspan_batch, :ask, [_, _, _, _, left]}, _} -> assert left <= 900
    after
      0 -> :ok
    end

    assert Linkspan.cancel(hang) == {:error, :cancelled}
  end

  # The number of the next request changes, and nothing else may.
  defp dictionary(server) do
    {:dictionary, all} = Process.info(server, :dictionary)
    all |> Enum.map(&elem(&1, 0)) |> Enum.sort()
  end
end
