# Random bytes on the pipes of the program host, from either end: an error that is declared, nobody who waits for ever, no
# memory that grows, no process that stays. Fifty times, or for LINKSPAN_MINUTES.
defmodule Linkspan.BytesTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 86_400_000
  @bound 10_000
  @times 50
  @mib 1024 * 1024

  setup do
    # The seed is in what ExUnit prints.
    :rand.seed(:exsss, ExUnit.configuration()[:seed])
    # Each owner says what it ended with.
    level = Logger.level()
    Logger.configure(level: :none)
    on_exit(fn -> Logger.configure(level: level) end)
  end

  defp repeat(fun) do
    case System.get_env("LINKSPAN_MINUTES") do
      nil -> for _ <- 1..@times, do: fun.()
      minutes -> repeat(fun, System.monotonic_time(:second) + String.to_integer(minutes) * 60)
    end
  end

  defp repeat(fun, deadline) do
    fun.()
    if System.monotonic_time(:second) < deadline, do: repeat(fun, deadline)
  end

  # An instance with a request that waits.
  defp waiting do
    server = start(service: :echo, host: :program)
    monitor = Process.monitor(server)
    %{os_pid: os_pid, port: port} = Linkspan.info(server)
    {server, monitor, port, os_pid, Linkspan.send_request(server, :sleep, "86400000000")}
  end

  # What becomes of it: the end that was announced to the one who waits, and the same to the owner.
  defp ended({server, monitor, _port, os_pid, request}, bytes) do
    result = Linkspan.receive_response(request, @bound)
    assert {:reply, {:error, reason}} = result, inspect({bytes, result})
    assert_receive {:DOWN, ^monitor, :process, ^server, cause}, @bound
    eventually(fn -> not os_process?(os_pid) end)
    {reason, cause}
  end

  # Of a kind that exists, most of the time: otherwise nothing but the kind would be looked at.
  defp frame do
    kind = Enum.random([:rand.uniform(11), :rand.uniform(11), :rand.uniform(256) - 1])
    tag = :rand.bytes(:rand.uniform(4) - 1)
    body = :rand.bytes(Enum.random([0, 3, 4, 8, 30, 3000]))
    Enum.random([<<kind, byte_size(tag)::16, tag::binary, body::binary>>, <<kind, body::binary>>])
  end

  test "to a program: the frames of a stranger are answered, or end it with what was wrong" do
    resident = :erlang.memory(:total)

    repeat(fn ->
      {server, _, port, _, _} = all = waiting()
      bytes = for _ <- 1..20, do: frame()
      for frame <- bytes, do: catch_badarg(fn -> Port.command(port, frame) end)
      # The first that it cannot read is the last.
      catch_badarg(fn -> Port.command(port, <<255>>) end)

      case ended(all, bytes) do
        {{:protocol, why}, {:protocol, why}} -> :ok
        # A later frame found the pipe broken before the VM had read what was wrong.
        {reason, reason} -> assert reason == {:exit, :unknown}
      end

      assert Linkspan.call(server, :echo) == {:error, :closed}
    end)

    assert :erlang.memory(:total) < resident + 16 * @mib
    assert Process.info(self(), :messages) == {:messages, []}
  end

  test "to a program: bytes that are no frames at all are a broken frame, or the rest of one" do
    repeat(fn ->
      {_, _, _, os_pid, _} = all = waiting()
      # As long as it may be at most, and longer.
      bytes = <<Enum.random([0x40000001, 0xFFFFFFFF, 5])::32, :rand.bytes(40)::binary>>
      into(os_pid, 3, bytes)
      assert {{:protocol, why}, {:protocol, why}} = ended(all, bytes)
    end)
  end

  test "from a program: what it has no right to say ends it with what was wrong" do
    # No answer or event that could be right: those are the service's affair.
    repeat(fn ->
      {_, _, _, os_pid, _} = all = waiting()
      kind = Enum.random([0x81, 0x83, Enum.random([0, 1, 0x80, 0x85, 255])])
      # Several replies: none of them would be none that is wrong.
      bytes =
        Enum.random([
          <<kind, :rand.bytes(:rand.uniform(64) - 1)::binary>>,
          <<0x84, :rand.bytes(:rand.uniform(64))::binary>>
        ])

      into(os_pid, 4, <<byte_size(bytes)::32, bytes::binary>>)

      case ended(all, bytes) do
        {{:protocol, why}, {:protocol, why}} -> :ok
        # By chance it is an end in good order.
        {:closed, _} -> assert match?(<<0x83, status, _::binary>> when status in 2..16, bytes)
      end
    end)
  end

  test "from a program: a long frame that never ends takes only what has come" do
    {server, monitor, _port, os_pid, request} = waiting()
    before = resident()
    into(os_pid, 4, <<0x3FFFFFFF::32, 0x82, 1, 2, 3>>)
    # Whoever waits still does, and may give up.
    assert Linkspan.call(server, :echo, "hi", 100) == {:error, :timeout}
    assert Linkspan.cancel(request) == {:error, :cancelled}
    assert resident() < before + 64 * @mib
    System.cmd("kill", ["-KILL", "#{os_pid}"])
    assert_receive {:DOWN, ^monitor, :process, ^server, _}, @bound
  end

  # It may have ended by an earlier frame.
  defp catch_badarg(fun) do
    fun.()
  rescue
    ArgumentError -> false
  end

  # Writes into a pipe of a program, as if its other end did.
  defp into(os_pid, descriptor, bytes),
    do: :ok = File.write("/proc/#{os_pid}/fd/#{descriptor}", bytes, [:append])

  defp resident do
    [_, pages | _] = String.split(File.read!("/proc/self/statm"))
    String.to_integer(pages) * 4096
  end
end
