# What a program is started with, as the system tells it of the real process. One host: only this one has a process.
defmodule Linkspan.ConfinementTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  @bound 10_000
  @mib 1024 * 1024

  defp program(options \\ []), do: start([service: :echo, host: :program] ++ options)

  defp proc(server, file), do: "/proc/#{Linkspan.info(server).os_pid}/#{file}"

  # Soft and hard limit.
  defp limit(server, name) do
    [_, soft, hard] = Regex.run(~r/^#{name}\s+(\S+)\s+(\S+)/m, File.read!(proc(server, "limits")))

    {soft, hard}
  end

  defp environment(server) do
    for variable <- String.split(File.read!(proc(server, "environ")), <<0>>, trim: true),
        into: %{} do
      [name, value] = String.split(variable, "=", parts: 2)
      {name, value}
    end
  end

  describe "limits:" do
    test "those that are given hold before the library is loaded, in both directions" do
      server = program(limits: [memory: 512 * @mib, cpu: 1000, files: 64, processes: 5000])

      assert limit(server, "Max data size") == {"#{512 * @mib}", "#{512 * @mib}"}
      # A second for who wants to know why.
      assert limit(server, "Max cpu time") == {"1000", "1001"}
      assert limit(server, "Max open files") == {"64", "64"}
      assert limit(server, "Max processes") == {"5000", "5000"}
      assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
    end

    test "those that are not given stay as they are" do
      mine = File.read!("/proc/self/limits")

      for name <- ["Max data size", "Max cpu time", "Max processes"] do
        [_, soft, hard] = Regex.run(~r/^#{name}\s+(\S+)\s+(\S+)/m, mine)
        assert limit(program(), name) == {soft, hard}
      end
    end

    test "one above what the system allows changes nothing" do
      [_, hard] = Regex.run(~r/^Max open files\s+\S+\s+(\d+)/m, File.read!("/proc/self/limits"))
      server = program(limits: [files: String.to_integer(hard) + 1])
      assert limit(server, "Max open files") == {hard, hard}
    end

    test "memory: who asks for more ends its program, and a supervisor mends it" do
      options = [service: :echo, host: :program, limits: [memory: 128 * @mib]]
      name = :confinement_memory
      children = [{Linkspan, [name: name] ++ options}]
      {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
      assert Linkspan.call(name, :grow, "#{16 * @mib}") == {:ok, ""}
      # Rust aborts when an allocation fails.
      assert Linkspan.call(name, :grow, "#{256 * @mib}", @bound) == {:error, {:signal, 6}}
      eventually(fn -> Linkspan.call(name, :echo, "again") == {:ok, "again"} end)
      Supervisor.stop(supervisor)
    end

    test "memory: a JavaScript program that grows for ever ends, and nobody else" do
      other = program()
      # The interpreter's own limit is far above.
      argument = ~s({"memory": 100000000000})
      options = [service: :script, host: :program, argument: argument]
      server = start(options ++ [limits: [memory: 128 * @mib]])
      grow = "a = []; for (;;) a.push('x'.repeat(100000) + a.length)"
      assert {:error, _} = Linkspan.call(server, :eval, grow, 60_000)
      assert Linkspan.call(other, :echo, "hi") == {:ok, "hi"}
    end

    test "cpu: who takes longer gets SIGXCPU, which is 24" do
      server = program(limits: [cpu: 1])
      monitor = Process.monitor(server)
      assert Linkspan.call(server, :hang, "", 60_000) == {:error, {:signal, 24}}
      assert_receive {:DOWN, ^monitor, :process, _, {:signal, 24}}, 10_000
      assert Linkspan.call(server, :echo) == {:error, :closed}
    end

    test "files: what cannot be opened is an error of the service, which lives on" do
      server =
        start(service: :faulty, library: {:linkspan, :echo}, host: :program, limits: [files: 16])

      assert Linkspan.call(server, :open_files, "100") ==
               {:error, {:service, 24, "9 were opened"}}

      assert Linkspan.call(server, :close_files) == {:ok, ""}
      assert Linkspan.call(server, :open_files, "5") == {:ok, ""}
    end
  end

  describe "privileges and descriptors:" do
    test "every thread of the program gains no privileges" do
      server = program()
      {:ok, _} = Linkspan.call(server, :echo_long, "")
      threads = File.ls!(proc(server, "task"))
      assert length(threads) >= 3

      for thread <- threads do
        status = File.read!(proc(server, "task/#{thread}/status"))
        assert status =~ ~r/^NoNewPrivs:\s+1$/m
      end
    end

    test "of the descriptors it has 0 to 4 and its own two, whatever the VM has open" do
      files = for _ <- 1..20, do: File.open!("/dev/null")
      server = program()
      open = proc(server, "fd") |> File.ls!() |> Enum.map(&String.to_integer/1) |> Enum.sort()
      assert Enum.take(open, 5) == [0, 1, 2, 3, 4]
      # Those by which it watches 3 and 4.
      assert length(open) == 7
      Enum.each(files, &File.close/1)
    end
  end

  describe "environment:" do
    @kept ~w(HOME LANG PATH TMPDIR TZ)

    test "of the VM's only what every program needs" do
      System.put_env("LINKSPAN_SECRET", "not for services")
      variables = environment(program())
      assert (Map.keys(variables) -- @kept) |> Enum.reject(&String.starts_with?(&1, "LC_")) == []
      assert variables["PATH"] == System.get_env("PATH")
      assert map_size(System.get_env()) > map_size(variables)
    end

    test "and what is asked for: with a value, or as the VM has it" do
      System.put_env("LINKSPAN_HANDED_DOWN", "as it is, ä")

      env = [
        {"GIVEN", "a=b c"},
        {:ATOM, "1"},
        "LINKSPAN_HANDED_DOWN",
        "LINKSPAN_NOT_THERE",
        {"TZ", "Antarctica/Troll"}
      ]

      variables = environment(program(env: env))
      assert %{"GIVEN" => "a=b c", "ATOM" => "1"} = variables
      assert variables["LINKSPAN_HANDED_DOWN"] == "as it is, ä"
      assert variables["TZ"] == "Antarctica/Troll"
      refute Map.has_key?(variables, "LINKSPAN_NOT_THERE")
    end

    test "a library is described in one that is as clean" do
      # By who compiles the module of a typed service.
      System.put_env("LD_PRELOAD_OF_NOBODY", "/no/such.so")
      path = Application.app_dir(:linkspan, "priv/native/sum.so")
      assert {:ok, {_hash, %{operations: [_ | _]}}} = :linkspan_typed.describe(path, "sum")
    end
  end

  # `processes` counts those of a user, and does not bind root.
  test "processes: who may start none is refused threads and programs" do
    code = """
    ok = linkspan:load(),
    {ok, I} = linkspan:open([
        {service, faulty}, {library, {linkspan, echo}}, {host, program}, {limits, [{processes, 1}]}
    ]),
    io:format("~0p~n~0p~n~0p~n", [
        linkspan:call(I, echo_long, <<"there">>), linkspan:call(I, spawn), linkspan:call(I, echo, <<"still">>)
    ]),
    halt().
    """

    vm = VirtualMachine.run(code, [], user: "nobody")
    assert {0, printed} = VirtualMachine.ended(vm)
    # The program's stderr comes in between.
    [answered, refused, answered_again] = Enum.filter(printed, &String.starts_with?(&1, "{"))
    assert answered == ~S({ok,<<"there">>})
    assert refused =~ "Resource temporarily unavailable"
    assert answered_again == ~S({ok,<<"still">>})
  end
end
