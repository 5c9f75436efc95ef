# What is told of one instance, and of all. The table is the node's: other tests must not open instances meanwhile.
defmodule Linkspan.InfoTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually
  import ExUnit.CaptureIO

  @bound 10_000
  @none %{count: 0, p50: 0, p99: 0, max: 0}

  for host <- [:driver, :nif, :program] do
    describe "in the #{host} host" do
      @host host
      @printed Atom.to_string(host)

      test "info has every key that its type promises" do
        server = start(service: :echo, host: @host, queue: [limit: 7, bytes: 4711])
        info = Linkspan.info(server)
        assert %{host: @host, service: "echo", state: :open, owner: ^server} = info
        assert %{path: path, hash: hash} = info.library
        assert Base.encode16(:crypto.hash(:sha256, File.read!(path)), case: :lower) == hash
        assert %{"echo" => 1, "echo_long" => 2} = info.operations
        assert info.queue == %{requests: 0, bytes: 0, limit: 7, bytes_limit: 4711}
        counts = [:busy, :cancelled, :deferred, :errors, :events, :inline, :overruns, :panics]
        assert info.counts == Map.new(counts, &{&1, 0})
        assert {info.overall, info.times} == {@none, %{}}
        assert is_port(info[:port]) == (@host != :nif)
        assert is_integer(info[:os_pid]) == (@host == :program)
      end

      test "the owner of an instance is the process it ends with" do
        {:ok, instance} = Linkspan.open(service: :echo, host: @host)
        %{owner: owner} = Linkspan.info(instance)
        if @host == :driver, do: assert(owner == self()), else: assert(owner != self())
        Linkspan.close(instance)
        if @host != :driver, do: refute(Process.alive?(owner))
      end

      test "times are told by operation, inline and deferred apart" do
        server = start(service: :echo, host: @host)
        for _ <- 1..3, do: {:ok, ""} = Linkspan.call(server, :sleep, "2000")
        {:error, {:service, 42, "no"}} = Linkspan.call(server, :fail, "no")
        :ok = Linkspan.cast(server, :echo_long, "")
        {:ok, ""} = Linkspan.call(server, :echo_long, "")

        assert %{times: times, overall: overall, counts: counts} = Linkspan.info(server)
        assert Map.keys(times) == ["echo_long", "fail", "sleep"]
        assert %{inline: @none, deferred: %{count: 2}} = times["echo_long"]
        assert times["fail"].inline.count + times["fail"].deferred.count == 1

        assert %{inline: @none, deferred: %{count: 3, p50: p50, p99: p99, max: max}} =
                 times["sleep"]

        # It sleeps that long at least; the middle of a bucket may lie below.
        assert p50 >= 1_800_000 and p99 >= p50 and max >= 2_000_000
        assert overall.count == counts.inline + counts.deferred
        assert overall.max >= max
      end

      test "times of inline runs are those of the inline count" do
        server = start(service: :echo, host: @host)

        eventually(fn ->
          {:ok, "hi"} = Linkspan.call(server, :echo, "hi")
          Linkspan.info(server).counts.inline >= 10
        end)

        %{counts: counts, times: %{"echo" => %{inline: inline}}} = Linkspan.info(server)
        assert inline.count == counts.inline
        assert inline.p50 <= inline.p99 and inline.p99 <= inline.max
      end

      test "a busy instance tells of itself all the same, and is in the table" do
        server = start(service: :echo, host: @host)
        task = Task.async(fn -> Linkspan.call(server, :sleep, "60000000", 60_000) end)
        eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
        assert %{queue: %{requests: 1}, times: times} = Linkspan.info(server)
        assert times == %{}

        assert [_, @printed, "echo", "open", "1", "0", "1", "0", "0", "-", "-"] =
                 line(key(server))

        Linkspan.stop(server)
        assert Task.await(task, @bound) == {:error, :closed}
      end

      test "instances has those of open and of start_link, until they end" do
        {:ok, opened} = Linkspan.open(service: :echo, host: @host)
        server = start(service: :echo, host: @host)
        started = Linkspan.handle(server)
        assert [opened, started] -- Linkspan.instances() == []
        assert length(Enum.uniq(Linkspan.instances())) == length(Linkspan.instances())

        Linkspan.close(opened)
        Process.exit(server, :kill)
        # The keeper forgets them, asked or not.
        eventually(fn -> [] == for({_, i, _} <- rows(), i in [opened, started], do: i) end)
        for instance <- [opened, started], do: refute(instance in Linkspan.instances())
      end

      test "an instance goes from the list with its opener, also if that is killed" do
        test = self()

        opener =
          spawn(fn ->
            send(test, Linkspan.open(service: :echo, host: @host))
            receive(do: (:never -> :ok))
          end)

        assert_receive {:ok, instance}, @bound
        assert instance in Linkspan.instances()
        Process.exit(opener, :kill)
        eventually(fn -> [] == for({_, ^instance, _} <- rows(), do: instance) end)
        refute instance in Linkspan.instances()
      end

      test "a keeper that is replaced goes on knowing and forgetting" do
        {:ok, opened} = Linkspan.open(service: :echo, host: @host)
        started = Linkspan.handle(start(service: :echo, host: @host))
        keeper = Process.whereis(:linkspan_keeper)
        Process.exit(keeper, :kill)
        eventually(fn -> Process.whereis(:linkspan_keeper) not in [nil, keeper] end)
        assert [opened, started] -- Linkspan.instances() == []
        Linkspan.close(opened)
        eventually(fn -> [] == for({_, ^opened, _} <- rows(), do: opened) end)
      end

      test "the table has a line of each server, by its name, with what it has done" do
        name = Module.concat(Named, "Echo#{@host}")
        server = start(service: :echo, host: @host, name: name)
        for _ <- 1..3, do: {:ok, ""} = Linkspan.call(server, :echo_long, "")
        {:error, _} = Linkspan.call(server, :fail, "no")

        assert [_, @printed, "echo", "open", "0", inline, deferred, "1", "0" | times] =
                 line(inspect(name))

        assert String.to_integer(inline) + String.to_integer(deferred) == 4
        assert Enum.join(times, " ") =~ ~r/^[\d.]+ (ns|us|ms|s) [\d.]+ (ns|us|ms|s)$/
      end
    end
  end

  test "the columns of the table are aligned, and its last line is the sum of the others" do
    for host <- [:driver, :nif, :program] do
      server = start(service: :echo, host: host)
      for _ <- 1..3, do: {:ok, ""} = Linkspan.call(server, :echo_long, "")
    end

    lines = table()
    assert lines |> Enum.map(&String.length/1) |> Enum.uniq() |> length() == 1
    [head | rows] = Enum.map(lines, &String.split(&1, ~r/ {2,}/, trim: true))

    assert head ==
             ~w(INSTANCE HOST SERVICE STATE QUEUE INLINE DEFERRED ERRORS OVERRUNS P50 P99)

    {rows, [["total " <> number | sums]]} = Enum.split(rows, -1)
    assert String.to_integer(number) == length(rows)
    assert rows == Enum.sort_by(rows, &Enum.at(&1, 2))

    for {sum, column} <- Enum.with_index(sums, 4) do
      added = rows |> Enum.map(&String.to_integer(Enum.at(&1, column))) |> Enum.sum()
      assert String.to_integer(sum) == added
    end

    assert String.to_integer(Enum.at(sums, 2)) >= 9
  end

  test "plain ports of the driver are listed, asked and called as well" do
    port = Port.open({:spawn_driver, ~c"linkspan echo an argument"}, [:binary])
    eventually(fn -> hd(line(inspect(port))) == inspect(port) end)
    eventually(fn -> match?([_, "driver", "echo", "open" | _], line(inspect(port))) end)
    [instance] = Enum.filter(Linkspan.instances(), &match?(%{port: ^port}, Linkspan.info(&1)))
    test = self()
    assert %{service: "echo", owner: ^test, host: :driver} = Linkspan.info(instance)
    assert Linkspan.call(instance, 2, "hi") == {:ok, "hi"}
    # Its operations have no names to the client, which has not loaded it.
    assert %{2 => %{deferred: %{count: 1}}} = Linkspan.info(instance).times
    blank = Port.open({:spawn_driver, ~c"linkspan"}, [:binary])
    assert [_, "driver", "-", "starting" | _] = line(inspect(blank))
    for port <- [port, blank], do: Port.close(port)
    refute instance in Linkspan.instances()
    refute Enum.any?(table(), &(&1 =~ inspect(blank)))
  end

  test "the keeper's own port is no instance, and neither are other ports" do
    others = [Port.open({:spawn, "cat"}, [])]
    ports = for instance <- Linkspan.instances(), do: Linkspan.info(instance)[:port]
    {:links, links} = Process.info(Process.whereis(:linkspan_keeper), :links)
    kept = Enum.filter(links, &is_port/1)
    assert kept != []
    assert ports -- (others ++ kept) == ports
  end

  test "a program that is stopped is shown, and holds nobody up for long" do
    server = start(service: :echo, host: :program)
    other = start(service: :echo, host: :program)
    %{os_pid: os_pid} = Linkspan.info(server)
    {_, 0} = System.cmd("kill", ["-STOP", "#{os_pid}"])
    line = line(key(server))
    {_, 0} = System.cmd("kill", ["-CONT", "#{os_pid}"])
    assert line == [key(server), "program", "echo", "no answer"] ++ List.duplicate("-", 7)
    assert [_, "program", "echo", "open" | _] = line(key(other))
    # What it answers now nobody waits for any more.
    assert Process.info(self(), :messages) == {:messages, []}
    eventually(fn -> match?([_, "program", "echo", "open" | _], line(key(server))) end)
  end

  # A process killed between the two steps of registering once stayed in the table for ever.
  test "a row that nobody watches goes when the instances are listed" do
    {:ok, instance} = Linkspan.open(service: :echo)
    {dead, monitor} = spawn_monitor(fn -> :ok end)
    assert_receive {:DOWN, ^monitor, :process, ^dead, _}, @bound
    :ets.insert(:linkspan_instances, {dead, instance, :undefined})
    assert Enum.count(Linkspan.instances(), &(&1 == instance)) == 1
    refute List.keymember?(rows(), dead, 0)
  end

  test "instances that end while they are listed are left out" do
    opener = fn host ->
      spawn_link(fn ->
        Stream.repeatedly(fn ->
          {:ok, instance} = Linkspan.open(service: :echo, host: host)
          Linkspan.close(instance)
        end)
        |> Enum.find(fn :ok -> receive(do: (:stop -> true), after: (0 -> false)) end)
      end)
    end

    openers = for host <- [:driver, :nif], do: opener.(host)

    for _ <- 1..200 do
      for {_row, info} <- :linkspan_instances.infos(), do: assert(%{state: _} = info)
    end

    for opener <- openers do
      monitor = Process.monitor(opener)
      send(opener, :stop)
      assert_receive {:DOWN, ^monitor, :process, _, :normal}, @bound
    end
  end

  defp table, do: capture_io(&Linkspan.table/0) |> String.split("\n", trim: true)

  # The cells of an instance's line.
  defp line(first) do
    line = Enum.find(table(), "", &String.starts_with?(&1, first <> " "))
    String.split(line, ~r/ {2,}/, trim: true)
  end

  # The first cell of the line of a server without a name.
  defp key(server), do: server |> :erlang.pid_to_list() |> to_string()

  defp rows, do: :ets.tab2list(:linkspan_instances)
end
