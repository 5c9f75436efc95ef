# The failure table: each row in each host, what the caller gets and what becomes of owner and instance. One long file:
# it is one table. Where a row cannot be in a host, the test that would be says why.
defmodule Linkspan.FailuresTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  # The nif host twice: what runs on workers elsewhere runs on dirty schedulers there.
  @hosts [
    driver: [host: :driver],
    nif: [host: :nif],
    program: [host: :program],
    dirty_cpu: [host: :nif, deferred: :dirty_cpu]
  ]
  @bound 10_000
  @day "86400000000"

  defp echo(host, options \\ []), do: watched([service: :echo] ++ @hosts[host] ++ options)

  defp watched(options) do
    server = start(options)
    {server, Process.monitor(server)}
  end

  # The same instance as before answers, and its owner is the same.
  defp assert_lives({server, monitor}) do
    assert Linkspan.call(server, :echo, "alive", @bound) == {:ok, "alive"}
    assert %{state: :open} = Linkspan.info(server)
    refute_received {:DOWN, ^monitor, _, _, _}
  end

  # The owner has ended, with a reason to look at; everything on the instance is closed.
  defp assert_ended({server, monitor}, instance) do
    assert_receive {:DOWN, ^monitor, :process, ^server, reason}, @bound

    for one <- [instance, server] do
      assert Linkspan.call(one, :echo) == {:error, :closed}
      assert Linkspan.call(one, :echo_long, "") == {:error, :closed}
      assert Linkspan.call(one, :echo, :binary.copy("x", 100_000)) == {:error, :closed}
      assert Linkspan.cast(one, :echo) == {:error, :closed}
      assert Linkspan.info(one) == {:error, :closed}
    end

    reason
  end

  # Calls that wait: one that runs, others behind it.
  defp waiting(server, count \\ 5) do
    tasks =
      for _ <- 1..count, do: Task.async(fn -> Linkspan.call(server, :spin, @day, :infinity) end)

    eventually(fn -> Linkspan.info(server).queue.requests == count end)
    tasks
  end

  # What all of them get.
  defp answer(tasks) do
    assert [answer] = tasks |> Task.await_many(@bound) |> Enum.uniq()
    answer
  end

  defp words(reason), do: Exception.message(%Linkspan.Error{reason: reason, service: "echo"})

  for {host, options} <- @hosts do
    @host host
    @options options

    describe "#{host}: the service returns an error:" do
      @describetag host: @options[:host]
      test "it is the caller's, and the instance lives" do
        {server, _} = echo = echo(@host)
        assert Linkspan.call(server, :fail, "no") == {:error, {:service, 42, "no"}}
        assert Linkspan.cast(server, :fail, "no") == :ok
        assert words({:service, 42, "no"}) == "echo: the service refused with code 42: no"
        assert_lives(echo)
        assert %{counts: %{errors: 2}} = Linkspan.info(server)
      end
    end

    describe "#{host}: panic:" do
      @describetag host: @options[:host]
      for operation <- [:panic, :panic_short] do
        test "a call of #{operation} gets its message, and the owner ends with it" do
          {server, _} = echo = echo(@host)
          other = echo(@host)
          instance = Linkspan.handle(server)
          assert {:error, panic} = Linkspan.call(server, unquote(operation), "boom")
          assert {:panic, "boom at " <> _place} = panic
          assert assert_ended(echo, instance) == panic
          assert words(panic) =~ "echo: the service panicked: boom at "
          assert_lives(other)
        end

        test "a cast of #{operation} is accepted, and the owner ends with the message" do
          {server, _} = echo = echo(@host)
          instance = Linkspan.handle(server)
          assert Linkspan.cast(server, unquote(operation), "boom") == :ok
          assert {:panic, "boom at " <> _place} = assert_ended(echo, instance)
        end

        test "after #{operation} the instance lives on if it is to be kept" do
          {server, _} = echo = echo(@host, on_panic: :keep)
          assert Linkspan.call(server, :count) == {:ok, "1"}
          call = Linkspan.call(server, unquote(operation), "boom")
          assert {:error, {:panic, "boom at " <> _place}} = call
          assert Linkspan.cast(server, unquote(operation), "boom") == :ok
          assert Linkspan.call(server, :count) == {:ok, "4"}
          assert_lives(echo)
          assert %{counts: %{panics: 2}} = Linkspan.info(server)
        end
      end

      test "those who wait behind it get closed" do
        {server, _} = echo = echo(@host)
        instance = Linkspan.handle(server)
        [running] = waiting(server, 1)
        panic = Task.async(fn -> Linkspan.call(server, :panic, "boom", @bound) end)
        eventually(fn -> Linkspan.info(server).queue.requests == 2 end)

        behind =
          for _ <- 1..10,
              do: Task.async(fn -> Linkspan.call(server, :echo_long, "", @bound) end)

        eventually(fn -> Linkspan.info(server).queue.requests == 12 end)
        Task.shutdown(running, :brutal_kill)
        assert {:error, {:panic, "boom at " <> _}} = Task.await(panic, @bound)
        assert answer(behind) == {:error, :closed}
        assert {:panic, _} = assert_ended(echo, instance)
      end

      test "an opener gets it as an exit signal" do
        Process.flag(:trap_exit, true)
        {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
        assert {:error, {:panic, _} = panic} = Linkspan.call(instance, :panic, "boom")
        assert_receive {:EXIT, _port_or_owner, ^panic}, @bound
        assert Linkspan.call(instance, :echo) == {:error, :closed}
      end
    end

    describe "#{host}: unknown operation, undecodable body:" do
      @describetag host: @options[:host]
      test "an unknown operation is named as it was asked, and the instance lives" do
        {server, _} = echo = echo(@host)

        for operation <- [:nothing, "nothing", ~c"nothing", 0, 4711, 2 ** 30, 2 ** 70, -1] do
          unknown = {:unknown_operation, operation}
          assert Linkspan.call(server, operation) == {:error, unknown}
          assert Linkspan.call(server, operation, :binary.copy("x", 100_000)) == {:error, unknown}
          assert Linkspan.cast(server, operation) == {:error, unknown}
          assert words(unknown) == "echo: the service has no operation " <> inspected(operation)
        end

        assert_lives(echo)
      end

      test "a body that the service cannot read is a bad request, and the instance lives" do
        {server, _} = echo = echo(@host)
        number = {:bad_request, "the body is to be a decimal number"}
        assert Linkspan.call(server, :spin, "soon") == {:error, number}
        assert Linkspan.call(server, :refuse) == {:error, {:bad_request, "refused"}}

        assert {:error, {:bad_request, "invalid utf-8" <> _}} =
                 Linkspan.call(server, :fail, <<255>>)

        assert Linkspan.cast(server, :refuse) == :ok
        assert words(number) =~ "echo: the request could not be read: the body is to be"
        assert_lives(echo)
      end
    end

    describe "#{host}: time-out:" do
      @describetag host: @options[:host]
      test "the caller gets it and nothing else, the work is told to stop, and the instance lives" do
        {server, _} = echo = echo(@host)
        assert Linkspan.call(server, :spin, @day, 10) == {:error, :timeout}
        # The one behind it would not be answered before the day is over.
        assert_lives(echo)
        assert Process.info(self(), :messages) == {:messages, []}
        assert words(:timeout) == "echo: no answer in time"
      end
    end

    describe "#{host}: queue full:" do
      @describetag host: @options[:host]
      test "the caller gets busy, and the instance lives" do
        {server, _} = echo = echo(@host, queue: [limit: 2, full: :error])
        [first, _] = tasks = waiting(server, 2)
        assert Linkspan.call(server, :echo_long) == {:error, :busy}
        assert Linkspan.call(server, :echo, :binary.copy("x", 100_000)) == {:error, :busy}
        assert Linkspan.cast(server, :echo_long) == {:error, :busy}
        assert words(:busy) == "echo: the queue is full"
        for task <- tasks, do: Task.shutdown(task, :brutal_kill)
        refute Process.alive?(first.pid)
        eventually(fn -> Linkspan.info(server).queue.requests == 0 end)
        assert_lives(echo)
      end

      test "or waits within its time-out" do
        {server, _} = echo = echo(@host, queue: [limit: 1])
        [task] = waiting(server, 1)
        assert Linkspan.call(server, :echo_long, "", 10) == {:error, :timeout}
        patient = Task.async(fn -> Linkspan.call(server, :echo_long, "room", @bound) end)
        Task.shutdown(task, :brutal_kill)
        assert Task.await(patient, @bound) == {:ok, "room"}
        assert_lives(echo)
      end
    end

    describe "#{host}: instance closed, owner gone:" do
      @describetag host: @options[:host]
      test "while they wait, callers get closed when the instance is closed" do
        {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
        tasks = waiting(instance)
        assert Linkspan.close(instance) == :ok
        assert answer(tasks) == {:error, :closed}
        assert words(:closed) == "echo: the instance is closed"
      end

      for {how, reason} <- [{"stopped", :shutdown}, {"killed", :killed}, {"crashed", :crash}] do
        test "while they wait, callers get closed when the owner is #{how}" do
          {server, _} = echo = echo(@host)
          instance = Linkspan.handle(server)
          tasks = waiting(server)

          case unquote(reason) do
            :shutdown -> Linkspan.stop(server, :shutdown)
            :killed -> Process.exit(server, :kill)
            :crash -> Process.exit(server, :crash)
          end

          assert answer(tasks) == {:error, :closed}
          # Before they call, as well.
          assert assert_ended(echo, instance) == unquote(reason)
        end
      end

      test "a name that nobody has is closed" do
        for name <- [:nobody_has_this, {:global, :nobody_has_this}, {:via, :global, :nobody}] do
          assert Linkspan.call(name, :echo) == {:error, :closed}
          assert Linkspan.cast(name, :echo) == {:error, :closed}
          assert Linkspan.info(name) == {:error, :closed}
        end
      end
    end

    describe "#{host}: start of the service fails or panics:" do
      @describetag host: @options[:host]
      test "it is returned, and nothing is left" do
        for {argument, reason} <- [{"fail", {:service, 7, "told to fail"}}, {"panic", :panic}],
            open <- [&Linkspan.open/1, &Linkspan.start_link/1] do
          assert {:error, error} = open.([service: :echo, argument: argument] ++ @options)

          case reason do
            :panic -> assert {:panic, "told to panic at " <> _place} = error
            _ -> assert error == reason
          end

          assert Process.info(self(), :messages) == {:messages, []}
          # What was linked on the way may just be ending.
          eventually(fn -> Process.info(self(), :links) == {:links, []} end)
        end
      end

      test "a supervisor is told why its child does not start" do
        Process.flag(:trap_exit, true)
        children = [{Linkspan, [service: :echo, argument: "fail"] ++ @options}]
        assert {:error, why} = Supervisor.start_link(children, strategy: :one_for_one)
        assert {:shutdown, {:failed_to_start_child, Linkspan, reason}} = why
        assert reason == {:service, 7, "told to fail"}
      end
    end

    describe "#{host}: library missing, wrong ABI, unknown service, bad option:" do
      @describetag host: @options[:host]
      test "the error names the path, both versions, the service" do
        open = fn library -> Linkspan.open([service: :echo, library: library] ++ @options) end
        missing = temporary("missing.so")
        assert {:error, {:library_missing, ^missing, why} = error} = open.(missing)
        assert why =~ "No such file"
        assert words(error) =~ "echo: #{missing}: No such file"

        assert {:error, {:library_missing, folder, _}} = open.(Path.dirname(missing))
        assert folder == Path.dirname(missing)

        text = temporary("text.so")
        File.write!(text, "no library")
        assert {:error, {:not_a_library, ^text, _} = error} = open.(text)
        assert words(error) =~ "echo: #{text} is not a service library: "

        empty = temporary("empty.so")
        File.write!(empty, "")
        assert {:error, {:not_a_library, ^empty, "the file is empty"}} = open.(empty)

        for source <- ["no_symbol.c", "wrong_magic.c"] do
          library = compiled(source)
          assert {:error, {:not_a_library, ^library, _}} = open.(library)
        end

        library = compiled("wrong_version.c")
        assert {:error, {:wrong_abi, ^library, 4711, 2} = error} = open.(library)

        assert words(error) ==
                 "echo: #{library} was made for version 4711 of the service ABI, this host has 2"

        unknown = [service: :nothing, library: {:linkspan, :echo}] ++ @options

        assert {:error, {:unknown_service, path, "nothing", "echo, bound, faulty"} = error} =
                 Linkspan.open(unknown)

        assert Path.basename(path) == "echo.so"
        assert words(error) == "echo: #{path} has no service nothing, only echo, bound, faulty"
      end

      test "a bad option raises, and is named" do
        for open <- [&Linkspan.open/1, &Linkspan.start_link/1] do
          raised =
            assert_raise ArgumentError, fn -> open.([service: :echo, limit: 1] ++ @options) end

          assert Exception.message(raised) =~ "option :limit is unknown"
        end
      end

      test "if the application is not started, that is the error" do
        code = """
        [io:format("~p~n", [F([{service, echo}, {host, #{@options[:host]}}])]) ||
            F <- [fun linkspan:open/1, fun linkspan:start_link/1]],
        halt().
        """

        vm = VirtualMachine.run(code)
        not_started = "{error,not_started}"
        assert VirtualMachine.ended(vm) == {0, [not_started, not_started]}
        assert words(:not_started) == "echo: the application linkspan is not started"
      end
    end
  end

  # `{:error, :cancelled}` is for who cancels: in plain frames, see test/linkspan_port_exchange_tests.erl.

  defp inspected(operation), do: :io_lib.format("~tp", [operation]) |> IO.chardata_to_string()

  # The program only: in the other hosts `exit` would end the VM, and so would a signal.
  describe "program: the external program exits or is killed:" do
    @describetag host: :program
    for {status, reason} <- [{0, {:exit, 0}}, {3, {:exit, 3}}, {137, {:signal, 9}}] do
      test "status #{status} is #{inspect(reason)} to all who wait, and the owner's reason" do
        {server, _} = echo = echo(:program)
        instance = Linkspan.handle(server)
        [running] = waiting(server, 1)
        exit = Task.async(fn -> Linkspan.call(server, :exit, "#{unquote(status)}", :infinity) end)
        eventually(fn -> Linkspan.info(server).queue.requests == 2 end)

        behind =
          for _ <- 1..5,
              do: Task.async(fn -> Linkspan.call(server, :echo_long, "", :infinity) end)

        eventually(fn -> Linkspan.info(server).queue.requests == 7 end)
        Task.shutdown(running, :brutal_kill)
        assert answer([exit | behind]) == {:error, unquote(reason)}
        assert assert_ended(echo, instance) == unquote(reason)
      end
    end

    for {name, number} <- [KILL: 9, TERM: 15, SEGV: 11, ABRT: 6] do
      test "SIG#{name} is {:signal, #{number}} to all who wait, and the owner's reason" do
        {server, _} = echo = echo(:program)
        instance = Linkspan.handle(server)
        os_pid = Linkspan.info(server).os_pid
        tasks = waiting(server)
        # Rust's handler takes the first SIGSEGV for a fault that will come again.
        eventually(fn -> signal(os_pid, unquote(name)) and not os_process?(os_pid) end)
        assert answer(tasks) == {:error, {:signal, unquote(number)}}
        assert assert_ended(echo, instance) == {:signal, unquote(number)}
      end
    end

    test "its words name the status or the signal" do
      assert words({:exit, 3}) == "echo: the program exited with status 3"
      assert words({:signal, 9}) == "echo: the program was ended by signal 9"
    end

    test "its supervisor starts it again" do
      name = :failures_restarted_program
      children = [{Linkspan, service: :echo, host: :program, name: name}]
      {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
      first = Process.whereis(name)
      assert Linkspan.call(name, :exit, "3") == {:error, {:exit, 3}}
      eventually(fn -> Process.whereis(name) not in [nil, first] end)
      eventually(fn -> Linkspan.call(name, :count) == {:ok, "1"} end)
      Supervisor.stop(supervisor)
    end
  end

  # Not the nif: nothing reaches it but terms of its callers, and what cannot be read raises.
  for host <- [:driver, :program] do
    @host host

    describe "#{host}: a broken frame from outside:" do
      @describetag host: @host
      test "to the instance: those who wait and the owner get why, and the port is closed" do
        {server, _} = echo = echo(@host)
        instance = Linkspan.handle(server)
        %{port: port} = Linkspan.info(server)
        other = echo(@host)
        tasks = waiting(server)
        true = Port.command(port, <<99, 0::16>>)
        protocol = {:protocol, "99 is no kind of request frame"}
        assert answer(tasks) == {:error, protocol}
        assert assert_ended(echo, instance) == protocol
        assert Port.info(port) == nil
        assert words(protocol) == "echo: broken frame: 99 is no kind of request frame"
        assert_lives(other)
      end
    end
  end

  # Only a program is outside: the others hand over what they have made themselves.
  describe "program: a broken frame on a pipe:" do
    @describetag host: :program
    for {what, bytes, why} <- [
          {"a frame of no kind", <<0, 0, 0, 2, 1, 2>>, "a frame that is neither reply nor event"},
          {"an empty frame", <<0, 0, 0, 0>>, "a frame that is neither reply nor event"},
          {"a reply that is too short", <<0, 0, 0, 4, 0x81, 0, 9, 1>>,
           "a frame that is neither reply nor event"},
          {"a reply to nobody", <<0, 0, 0, 7, 0x81, 0, 3, "tag", 0>>,
           "a reply with a tag that nobody sent"},
          # The owner once crashed over these, and said only that the instance was closed.
          {"an end of no kind", <<0, 0, 0, 3, 0x83, 99, 1>>,
           "a status that is unknown or does not fit what follows it"},
          {"an end that is cut off", <<0, 0, 0, 4, 0x83, 4, 1, 2>>,
           "a status that is unknown or does not fit what follows it"},
          {"an end whose fields are too long", <<0, 0, 0, 6, 0x83, 10, 1, 2, 3, 4>>,
           "a status that is unknown or does not fit what follows it"}
        ] do
      test "from the program, #{what}: those who wait and the owner get why" do
        {server, _} = echo = echo(:program)
        instance = Linkspan.handle(server)
        os_pid = Linkspan.info(server).os_pid
        tasks = waiting(server)
        into(os_pid, 4, unquote(bytes))
        assert answer(tasks) == {:error, {:protocol, unquote(why)}}
        assert assert_ended(echo, instance) == {:protocol, unquote(why)}
        eventually(fn -> not os_process?(os_pid) end)
      end
    end

    test "to the program, one that is too long: those who wait and the owner get why" do
      {server, _} = echo = echo(:program)
      instance = Linkspan.handle(server)
      tasks = waiting(server)
      into(Linkspan.info(server).os_pid, 3, <<0x40000001::32>>)
      protocol = {:protocol, "a frame of 1073741825 bytes is longer than 1073741824"}
      assert answer(tasks) == {:error, protocol}
      assert assert_ended(echo, instance) == protocol
    end

    test "to the program, one that only announces a gigabyte takes no memory" do
      {server, _} = echo(:program)
      %{os_pid: os_pid} = Linkspan.info(server)
      before = resident(os_pid)
      into(os_pid, 3, <<0x40000000::32>>)
      # What follows is taken for its content.
      assert Linkspan.call(server, :echo, "swallowed", 100) == {:error, :timeout}
      assert resident(os_pid) - before < 16 * 1024
    end
  end

  defp signal(os_pid, name),
    do: match?({_, _}, System.cmd("kill", ["-#{name}", "#{os_pid}"], stderr_to_stdout: true))

  # Writes into a pipe of a program, as if its other end did.
  defp into(os_pid, descriptor, bytes) do
    octal = for <<byte <- bytes>>, into: "", do: "\\0" <> Integer.to_string(byte, 8)

    {_, 0} =
      System.cmd("sh", ["-c", ~s|printf '%b' '#{octal}' > /proc/#{os_pid}/fd/#{descriptor}|])
  end

  # In kilobytes.
  defp resident(os_pid) do
    [_, kilobytes] = Regex.run(~r/VmRSS:\s+(\d+) kB/, File.read!("/proc/#{os_pid}/status"))
    String.to_integer(kilobytes)
  end
end
