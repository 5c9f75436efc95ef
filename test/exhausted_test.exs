# What a VM runs out of: an error for who asks, nothing for the others, and afterwards all is well again. Each in a VM of
# its own.
defmodule Linkspan.ExhaustedTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  # Opens an instance, asks it, closes it. `Step` is a line for the test, which answers when the next step may come.
  @prelude """
  ok = linkspan:load(),
  Open = fun(Host) -> linkspan:open([{service, echo}, {host, Host}]) end,
  Try = fun(Host) ->
      case Open(Host) of
          {ok, I} ->
              Answer = linkspan:call(I, echo_long, <<"hi">>),
              ok = linkspan:close(I),
              Answer;
          Error ->
              Error
      end
  end,
  TryAll = fun() -> io:format("~0p~n", [[Try(Host) || Host <- [driver, nif, program]]]) end,
  %% Sets the soft limit of processes and threads of this VM.
  Threads = fun(Soft) ->
      [] = os:cmd("prlimit --pid " ++ os:getpid() ++ " --nproc=" ++ Soft ++ ":")
  end,
  Some = string:trim(os:cmd("prlimit --pid " ++ os:getpid() ++ " --nproc --noheadings --output SOFT")),
  Step = fun(Text) -> io:format("~s~n", [Text]), io:get_line("") end,
  {ok, Before} = Open(driver),
  StillThere = fun() -> {ok, <<"there">>} = linkspan:call(Before, echo_long, <<"there">>) end,
  """

  @all_well "[{ok,<<\"hi\">>},{ok,<<\"hi\">>},{ok,<<\"hi\">>}]"

  defp vm(code, arguments \\ [], options \\ []),
    do: VirtualMachine.run(@prelude <> code <> " StillThere(), halt().", arguments, options)

  defp finish(vm) do
    assert VirtualMachine.line(vm) == @all_well
    assert VirtualMachine.ended(vm) == {0, []}
    assert VirtualMachine.remains(vm) -- ["tmp"] == []
  end

  # Sets the soft limit of a running process.
  defp limit(os_pid, resource, soft),
    do: {_, 0} = System.cmd("prlimit", ["--pid", os_pid, "--#{resource}=#{soft}:"])

  test "ports" do
    code = """
    Fill = fun Fill(Ports) ->
        try Fill([open_port({spawn_driver, "linkspan"}, []) | Ports]) catch error:system_limit -> Ports end
    end,
    Ports = Fill([]),
    TryAll(),
    StillThere(),
    [true = port_close(Port) || Port <- Ports],
    TryAll(),
    """

    vm = vm(code, ["+Q", "1024"])
    limit = "{error,{open_port,system_limit}}"
    assert VirtualMachine.line(vm) == "[#{limit},{ok,<<\"hi\">>},#{limit}]"
    finish(vm)
  end

  test "processes" do
    code = """
    Wait = fun() -> receive stop -> ok end end,
    Fill = fun Fill(Pids) -> try Fill([spawn(Wait) | Pids]) catch error:system_limit -> Pids end end,
    Free = fun(Pid) ->
        M = monitor(process, Pid),
        exit(Pid, kill),
        receive {'DOWN', M, _, _, _} -> ok end
    end,
    logger:set_primary_config(level, none),
    {ok, Program} = Open(program),
    [Last | Pids] = Fill([]),
    TryAll(),
    %% Its pipe is full, and there is no room for a process that would wait for it.
    Huge = binary:copy(<<"x">>, 16000000),
    lists:foreach(fun(N) ->
        _ = linkspan:call(Program, echo_long, Huge, 0),
        {ok, N} = linkspan:call(Program, echo_long, N)
    end, [<<N>> || N <- lists:seq(1, 10)]),
    io:format("~0p~n", [linkspan:open([{service, echo}, {lanes, 2}])]),
    StillThere(),
    %% Room for the owner, and not for the process that brings its work to dirty schedulers.
    Free(Last),
    Runner = fun Runner() ->
        case linkspan:open([{service, echo}, {host, nif}, {deferred, dirty_cpu}]) of
            {error, {system_limit, _}} = Error -> io:format("~0p~n", [Error]);
            {ok, I} -> ok = linkspan:close(I), Runner()
        end
    end,
    Runner(),
    lists:foreach(Free, Pids),
    TryAll(),
    """

    vm = vm(code, ["+P", "1024"])
    limit = "{error,{system_limit,<<\"the VM has no room for another process\">>}}"
    assert VirtualMachine.line(vm) == "[{ok,<<\"hi\">>},#{limit},#{limit}]"
    assert VirtualMachine.line(vm) == limit
    assert VirtualMachine.line(vm) == limit
    finish(vm)
  end

  test "descriptors" do
    code = """
    logger:set_primary_config(level, none),
    %% Modules are loaded by it: that takes descriptors as well.
    TryAll(),
    Step(os:getpid()),
    TryAll(),
    StillThere(),
    Step("closed"),
    TryAll(),
    """

    vm = vm(code)
    assert VirtualMachine.line(vm) == @all_well
    os_pid = VirtualMachine.line(vm)
    before = File.read!("/proc/#{os_pid}/limits")
    [_, soft] = Regex.run(~r/^Max open files\s+(\d+)/m, before)
    highest = File.ls!("/proc/#{os_pid}/fd") |> Enum.map(&String.to_integer/1) |> Enum.max()
    limit(os_pid, "nofile", highest + 1)
    fill(os_pid, highest)
    VirtualMachine.tell(vm, "go")
    line = VirtualMachine.line(vm)
    limit = "Too many open files (os error 24)"
    assert [driver, nif, program] = String.split(line, ~r/\},\{(?=error|ok)/)
    assert driver =~ limit and nif =~ limit and driver =~ "library_missing"
    assert program =~ "open_port,emfile"
    assert VirtualMachine.line(vm) == "closed"
    limit(os_pid, "nofile", soft)
    VirtualMachine.tell(vm, "go")
    finish(vm)
  end

  # None may be free below the highest.
  defp fill(os_pid, highest) do
    open = File.ls!("/proc/#{os_pid}/fd")
    free = for n <- 0..highest, "#{n}" not in open, do: n
    if free != [], do: limit(os_pid, "nofile", hd(free))
  end

  describe "threads:" do
    test "an instance that wants its own is refused one, and hung workers are replaced when there are some again" do
      code = """
      Bound = fun() -> linkspan:open([{service, bound}, {library, {linkspan, echo}}, {host, driver}]) end,
      Hang = fun() ->
          {ok, I} = Open(driver),
          spawn(fun() -> linkspan:call(I, hang, <<>>, infinity) end),
          Wait = fun Wait() ->
              case linkspan:info(I) of
                  \#{counts := \#{deferred := 1}} -> ok;
                  _ -> receive after 1 -> Wait() end
              end
          end,
          Wait(),
          I
      end,
      Hung = [Hang(), Hang()],
      Threads("1"),
      [ok = linkspan:close(I) || I <- Hung],
      io:format("~0p~n", [linkspan:call(Before, echo_long, <<>>, 50)]),
      Threads(Some),
      StillThere(),
      Threads("1"),
      {error, {system_limit, Refused}} = Bound(),
      io:format("~ts~n", [Refused]),
      Threads(Some),
      {ok, Own} = Bound(),
      {ok, _} = linkspan:call(Own, thread),
      TryAll(),
      """

      vm = vm(code, ["-linkspan", "workers", "2"], user: "nobody")
      assert VirtualMachine.line(vm) == "{error,timeout}"
      assert VirtualMachine.line(vm) =~ "no thread can be started for bound: Resource temporarily"
      finish(vm)
    end

    # Every open waited for ever.
    test "without a single one the application does not start, and says why" do
      code = """
      logger:set_primary_config(level, none),
      Prlimit = "prlimit --pid " ++ os:getpid() ++ " --nproc",
      Some = string:trim(os:cmd(Prlimit ++ " --noheadings --output SOFT")),
      [] = os:cmd(Prlimit ++ "=1:"),
      io:format("~0p~n", [linkspan:load()]),
      [] = os:cmd(Prlimit ++ "=" ++ Some ++ ":"),
      ok = linkspan:load(),
      {ok, I} = linkspan:open([{service, echo}]),
      {ok, <<"hi">>} = linkspan:call(I, echo_long, <<"hi">>),
      halt().
      """

      vm = VirtualMachine.run(code, [], user: "nobody")

      assert VirtualMachine.line(vm) =~
               ~r/configure,<<"no (worker )?thread: .*[Rr]esource temporarily/

      assert VirtualMachine.ended(vm) == {0, []}
    end
  end

  describe "disk:" do
    # A library is loaded from a copy of its own, there. `Spoil` and `Mend` see to the folder.
    defp copies(within, spoil, mend, why) do
      code = """
      ok = linkspan:load(),
      [Library] = init:get_plain_arguments(),
      Open = fun() ->
          [linkspan:open([{service, version}, {library, Library}, {host, Host}]) || Host <- [driver, nif, program]]
      end,
      #{spoil},
      [io:format("~ts~n", [Why]) || {error, {not_a_library, _, Why}} <- Open()],
      #{mend},
      [{ok, <<"1">>} = linkspan:call(I, version) || {ok, I} <- Open()],
      halt().
      """

      library = compiled("version.c", ["-DBUILD=1"])
      vm = VirtualMachine.run(code, ["-extra", library], within: within)
      for _host <- 1..3, do: assert(VirtualMachine.line(vm) =~ why)
      assert VirtualMachine.ended(vm) == {0, []}
    end

    test "without a folder for copies the error names it" do
      folder = Path.dirname(temporary("copies"))
      missing = Path.join(folder, "missing")
      mend = "ok = file:make_dir(\"#{missing}\")"
      why = "no copy of it can be made in #{missing}: No such file"
      copies(["env", "TMPDIR=#{missing}"], "ok", mend, why)
      assert File.ls!(missing) == []
    end

    test "on one that is full the error says so" do
      folder = Path.dirname(temporary("copies"))
      mount = ~s(mount -t tmpfs -o size=256k tmpfs #{folder} && TMPDIR=#{folder} exec "$0" "$@")
      within = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount]
      filler = "\"#{folder}/filler\""
      spoil = "{error, enospc} = file:write_file(#{filler}, binary:copy(<<0>>, 300000))"

      copies(
        within,
        spoil,
        "ok = file:delete(#{filler})",
        "its copy cannot be written: No space left"
      )
    end

    # SIGXFSZ would end the VM.
    test "where files may not be long enough the error says so" do
      code = """
      [Library] = init:get_plain_arguments(),
      Options = [{service, version}, {library, Library}],
      Step(os:getpid()),
      {error, {not_a_library, _, Why}} = linkspan:open(Options),
      Step(Why),
      {ok, _} = linkspan:open(Options),
      TryAll(),
      """

      vm = vm(code, ["-extra", compiled("version.c", ["-DBUILD=1"])])
      os_pid = VirtualMachine.line(vm)
      limit(os_pid, "fsize", 1000)
      VirtualMachine.tell(vm, "go")

      assert VirtualMachine.line(vm) ==
               "its copy cannot be written: files may have 1000 bytes at most"

      limit(os_pid, "fsize", "unlimited")
      VirtualMachine.tell(vm, "go")
      finish(vm)
    end

    test "a library that may not be read is named" do
      library = compiled("version.c", ["-DBUILD=1"])
      File.chmod!(library, 0)

      code = """
      [Library] = init:get_plain_arguments(),
      [begin
          {error, {library_missing, Path, Why}} = linkspan:open([{service, version}, {library, Library}, {host, Host}]),
          Library = binary_to_list(Path),
          io:format("~ts~n", [Why])
      end || Host <- [driver, nif, program]],
      TryAll(),
      """

      vm = vm(code, ["-extra", library], user: "nobody")
      for _host <- 1..3, do: assert(VirtualMachine.line(vm) == "Permission denied (os error 13)")
      finish(vm)
    end
  end
end
