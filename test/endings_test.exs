# Whoever takes part in a request ends at any point of it: caller, owner, supervisor, the VM. Nothing is left behind.
# LINKSPAN_TIMES=n does n times what is done many times over.
defmodule Linkspan.EndingsTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  # Only bounds a hang.
  @moduletag timeout: 600_000
  @bound 30_000
  @times String.to_integer(System.get_env("LINKSPAN_TIMES", "1"))
  @hosts [
    driver: [host: :driver],
    nif: [host: :nif],
    program: [host: :program],
    dirty_cpu: [host: :nif, deferred: :dirty_cpu]
  ]

  # What a caller does, for ever: every way to ask.
  defp ask(server) do
    {:ok, "x"} = Linkspan.call(server, :echo, "x")
    {:ok, "x"} = Linkspan.call(server, :echo_long, "x", :infinity)
    {:error, :timeout} = Linkspan.call(server, :sleep, "60000000", 0)

    {:reply, {:ok, "x"}} =
      server |> Linkspan.send_request(:echo, "x") |> Linkspan.receive_response(:infinity)

    ["1", "2"] = server |> Linkspan.stream(:count_to, "1000") |> Enum.take(2)
    :ok = Linkspan.cast(server, :echo_long, "x")
    ask(server)
  end

  # Lets a process do a little, a little more each time, so that it is stopped at every point of what it does.
  defp pause(step), do: for(_ <- 1..(step * 7)//1, do: :erlang.yield())

  for {host, options} <- @hosts do
    @host host
    @options [service: :echo] ++ options
    # A process of the system takes its time.
    @few if host == :program, do: 20, else: 100

    describe "#{host}:" do
      test "callers killed at any point leave nothing, and take nothing along" do
        server = start(@options)
        handle = Linkspan.handle(server)
        Process.flag(:trap_exit, true)

        for step <- 1..(2000 * @times) do
          caller = spawn_link(fn -> ask(handle) end)
          pause(rem(step, 60))
          Process.exit(caller, :kill)
          assert_receive {:EXIT, ^caller, :killed}, @bound
        end

        eventually(fn -> Linkspan.info(server).queue.requests == 0 end)
        assert Linkspan.call(server, :echo_long, "well", @bound) == {:ok, "well"}
        assert Linkspan.call(server, :streams) == {:ok, "0"}
        # Nobody is watched any more.
        eventually(fn ->
          Process.info(server, :monitors)
          |> elem(1)
          |> Enum.all?(&(not match?({:process, _}, &1)))
        end)
      end

      # Not on dirty schedulers: OTP 25 loses the resume of a process that is on its way to one, whoever's NIF it runs.
      unless options[:deferred] do
        test "a caller suspended at any point is answered when it goes on, once" do
          server = start(@options)
          test = self()

          for step <- 1..(500 * @times) do
            caller =
              spawn_link(fn ->
                answer = Linkspan.call(server, :echo_long, "#{step}", :infinity)
                send(test, {self(), answer, Process.info(self(), :messages)})
              end)

            pause(rem(step, 20))

            # Gone already, if it was quick.
            if try_suspend(caller) do
              {:ok, "other"} = Linkspan.call(server, :echo_long, "other", @bound)
              :erlang.resume_process(caller)
            end

            answer = {:ok, "#{step}"}
            assert_receive {^caller, ^answer, {:messages, []}}, @bound
          end
        end
      end

      test "an owner killed at any point: callers hear of it, and nothing is left" do
        Process.flag(:trap_exit, true)

        for step <- 1..(@few * @times) do
          server = start(@options)
          handle = Linkspan.handle(server)
          os_pid = Map.get(Linkspan.info(server), :os_pid)
          callers = for _ <- 1..3, do: Task.async(fn -> until_closed(handle) end)
          pause(step)
          Process.exit(server, :kill)
          assert callers |> Task.await_many(@bound) |> Enum.uniq() == [{:error, :closed}]
          if os_pid, do: eventually(fn -> not os_process?(os_pid) end)
        end
      end

      test "a supervisor killed at any point takes its servers along" do
        Process.flag(:trap_exit, true)

        for step <- 1..(div(@few, 2) * @times) do
          children = for id <- 1..2, do: Supervisor.child_spec({Linkspan, @options}, id: id)
          {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
          servers = for {_, pid, _, _} <- Supervisor.which_children(supervisor), do: pid

          os_pids =
            for server <- servers, os_pid = Map.get(Linkspan.info(server), :os_pid), do: os_pid

          callers =
            for server <- servers, do: Task.async(fn -> until_closed(Linkspan.handle(server)) end)

          pause(step)
          Process.exit(supervisor, :kill)
          assert callers |> Task.await_many(@bound) |> Enum.uniq() == [{:error, :closed}]
          eventually(fn -> not Enum.any?(servers, &Process.alive?/1) end)
          for os_pid <- os_pids, do: eventually(fn -> not os_process?(os_pid) end)
        end
      end

      test "who opens is killed at any point of it, and nothing is left" do
        Process.flag(:trap_exit, true)
        # Known by it: its path, and a variable in its program's environment.
        library = temporary("opened.so")
        File.ln_s!(Application.app_dir(:linkspan, "priv/native/echo.so"), library)
        env = if @host == :program, do: [env: [{"LINKSPAN_OPENED", library}]], else: []

        for step <- 1..(2 * @few * @times) do
          opener =
            spawn_link(fn ->
              {:ok, _} = Linkspan.open([library: library] ++ env ++ @options)
              receive do: (:never -> :ok)
            end)

          pause(step)
          Process.exit(opener, :kill)
          assert_receive {:EXIT, ^opener, :killed}, @bound
        end

        eventually(fn -> Enum.all?(:linkspan.instances(), &(library not in Tuple.to_list(&1))) end)

        eventually(fn -> programs_with(library) == [] end)
      end
    end
  end

  # Not so if it has ended and only its number is left: of programs whose VM has gone the first process of the system
  # takes that away, when it gets round to it.
  defp runs?(os_pid) do
    case File.read("/proc/#{os_pid}/stat") do
      {:ok, stat} -> not (stat =~ ~r/.*\) [ZX] /)
      {:error, _gone} -> false
    end
  end

  # OS processes that have this in their environment.
  defp programs_with(text) do
    for os_pid <- File.ls!("/proc"),
        os_pid =~ ~r/^\d+$/,
        {:ok, env} <- [File.read("/proc/#{os_pid}/environ")],
        env =~ text,
        do: os_pid
  end

  # In VMs of their own; five times, since one time is luck.
  describe "the VM" do
    @load """
    ok = linkspan:load(),
    Ask = fun(I, Operation, Body) -> spawn(fun() -> linkspan:call(I, Operation, Body, infinity) end) end,
    Open = fun(Host) -> {ok, I} = linkspan:open([{service, echo}, {host, Host}]), I end,
    Storm = fun Storm(I) -> {ok, _} = linkspan:call(I, echo, <<"x">>), {ok, _} = linkspan:call(I, echo_long, <<"x">>), Storm(I) end,
    Wait = fun Wait(I) ->
        case linkspan:info(I) of
            \#{counts := \#{deferred := N}} when N > 0 -> ok;
            \#{} -> receive after 1 -> Wait(I) end
        end
    end,
    """

    test "killed by SIGKILL while 50 programs work leaves none of them a second later" do
      code = """
      #{@load}
      Deaf = fun(_) ->
          {ok, I} = linkspan:open([
              {service, faulty}, {library, {linkspan, echo}}, {host, program}, {argument, <<"hang call">>}
          ]),
          I
      end,
      Instances = [Open(program) || _ <- lists:seq(1, 4)] ++ lists:map(Deaf, lists:seq(5, 50)),
      %% Most of them asleep in the middle of a request, and deaf; some spin, some never look up, two are stopped.
      Work = fun({N, I}) when N =< 2 -> Ask(I, hang, <<>>);
                ({N, I}) when N =< 4 -> Ask(I, spin, <<"86400000000">>);
                ({_, I}) -> Ask(I, echo_long, <<>>) end,
      lists:foreach(Work, lists:enumerate(Instances)),
      lists:foreach(Wait, Instances),
      Pids = [integer_to_list(P) || I <- Instances, \#{os_pid := P} <- [linkspan:info(I)]],
      [io:format("~s~n", [P]) || P <- [os:getpid() | Pids]],
      receive never -> ok end.
      """

      left =
        for _ <- 1..(5 * @times) do
          vm = VirtualMachine.run(code)
          [beam | programs] = for _ <- 0..50, do: VirtualMachine.line(vm)
          assert Enum.all?(programs, &runs?/1)
          {_, 0} = System.cmd("kill", ["-STOP" | Enum.take(programs, -2)])
          {_, 0} = System.cmd("kill", ["-9", beam])
          from = System.monotonic_time(:millisecond)
          eventually(fn -> not Enum.any?(programs, &runs?/1) end)
          System.monotonic_time(:millisecond) - from
        end

      # They all take some 50 ms; of five times some may fall upon a machine that has something else to do.
      assert Enum.min(left) < 1000, "took #{inspect(left)} ms"
    end

    test "halted under load ends with status 0, at once, and leaves neither core nor program" do
      code = """
      #{@load}
      Instances = [Open(Host) || Host <- [driver, nif, program], _ <- [1, 2]],
      [spawn(fun() -> Storm(I) end) || I <- Instances, _ <- [1, 2, 3]],
      lists:foreach(Wait, Instances),
      Pids = [integer_to_list(P) || I <- Instances, {ok, P} <- [maps:find(os_pid, linkspan:info(I))]],
      io:format("~s~n", [lists:join(" ", Pids)]),
      halt().
      """

      for _ <- 1..(5 * @times) do
        vm = VirtualMachine.run(code)
        programs = vm |> VirtualMachine.line() |> String.split()
        assert length(programs) == 2
        assert VirtualMachine.ended(vm) == {0, []}
        assert VirtualMachine.remains(vm) == []
        eventually(fn -> not Enum.any?(programs, &os_process?/1) end)
      end
    end
  end

  # Not in one VM with the others: what it counts is all there is.
  test "50,100 instances opened and closed leave nothing" do
    code = """
    ok = linkspan:load(),
    Resources = fun() ->
        {length(processes()), length(erlang:ports()), length(element(2, file:list_dir("/proc/self/fd"))),
         length(element(2, file:list_dir("/proc/self/task"))), ets:info(linkspan_instances, size)}
    end,
    Once = fun(Host) ->
        {ok, I} = linkspan:open([{service, echo}, {host, Host}]),
        {ok, <<"x">>} = linkspan:call(I, echo, <<"x">>),
        ok = linkspan:close(I)
    end,
    Times = fun Times(_, 0) -> ok; Times(Host, N) -> Once(Host), Times(Host, N - 1) end,
    %% So many, by several processes.
    All = fun(Host, N) ->
        Done = [spawn_monitor(fun() -> Times(Host, N div 4) end) || _ <- [1, 2, 3, 4]],
        [receive {'DOWN', M, _, _, R} -> normal = R end || {_, M} <- Done]
    end,
    [All(Host, 100) || Host <- [driver, nif, program]],
    Settled = fun Settled(Before, 0) -> {Before, Resources()};
                  Settled(Before, Left) ->
                      case Resources() of Before -> same; _ -> receive after 10 -> Settled(Before, Left - 1) end end
    end,
    Before = Resources(),
    All(driver, #{40_000 * @times}), All(nif, #{10_000 * @times}), All(program, #{100 * @times}),
    io:format("~0p~n", [Settled(Before, 1000)]),
    halt().
    """

    vm = VirtualMachine.run(code)
    assert VirtualMachine.ended(vm) == {0, ["same"]}
  end

  defp try_suspend(caller) do
    :erlang.suspend_process(caller)
  catch
    :error, _gone -> false
  end

  # How it ends; everything before that was answered.
  defp until_closed(handle) do
    with {:ok, "x"} <- Linkspan.call(handle, :echo, "x", @bound),
         {:ok, "x"} <- Linkspan.call(handle, :echo_long, "x", @bound),
         :ok <- Linkspan.cast(handle, :echo, "x") do
      until_closed(handle)
    end
  end
end
