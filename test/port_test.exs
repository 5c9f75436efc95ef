# Elixir's Port on ports of the driver, as its documentation has it. What the BIFs behind it do is in
# test/linkspan_port_*_tests.erl.
defmodule Linkspan.PortTest do
  use ExUnit.Case, async: true

  @bound 10_000
  @forever 0xFFFFFFFF

  setup do
    :ok = :linkspan.load()
  end

  defp echo(settings \\ [:binary]), do: Port.open({:spawn_driver, "linkspan echo"}, settings)

  defp call(operation, body), do: <<1, 3::16, "tag", operation::32, @forever::32, body::binary>>
  defp reply(body), do: <<0x81, 3::16, "tag", 0, body::binary>>

  # In another process, which ends then.
  defp elsewhere(fun), do: fun |> Task.async() |> Task.await(@bound)

  describe "open/2" do
    test "opens a port given a tuple name and a list of options" do
      port = echo()
      assert is_port(port)
      assert Port.info(port, :name) == {:name, ~c"linkspan echo"}
    end

    test "spawns so-called port drivers by a charlist or a string" do
      for command <- ["linkspan echo hi", ~c"linkspan echo hi"] do
        port = Port.open({:spawn_driver, command}, [:binary])
        true = Port.command(port, call(12, ""))
        assert_receive {^port, {:data, data}}, @bound
        assert data == reply("hi")
      end
    end

    test "raises ArgumentError for what is no loaded driver" do
      assert_raise ArgumentError, fn -> Port.open({:spawn_driver, "nothing"}, [:binary]) end
      assert_raise ArgumentError, fn -> Port.open({:spawn_driver, "linkspan ../echo"}, []) end
      assert_raise ArgumentError, fn -> echo([:exit_status]) end
    end
  end

  describe "command/3" do
    test "sends data to the port driver" do
      port = echo()
      assert Port.command(port, call(2, "hi"))
      assert_receive {^port, {:data, data}}, @bound
      assert data == reply("hi")
    end

    test "takes iodata and options" do
      port = echo()
      assert Port.command(port, [call(2, "h"), ?i], [:nosuspend])
      assert_receive {^port, {:data, data}}, @bound
      assert data == reply("hi")
      assert_raise ArgumentError, fn -> Port.command(port, :no_iodata) end
      assert_raise ArgumentError, fn -> Port.command(port, "", [:unknown]) end
      assert_raise ErlangError, ~r/notsup/, fn -> Port.command(port, "", [:force]) end
    end

    test "without :binary, charlists come back" do
      port = echo([])
      assert Port.command(port, call(2, "hi"))
      assert_receive {^port, {:data, data}}, @bound
      assert data == :binary.bin_to_list(reply("hi"))
    end
  end

  test "messages do the same: command, connect and close" do
    port = echo()
    send(port, {self(), {:command, call(2, "hi")}})
    assert_receive {^port, {:data, data}}, @bound
    assert data == reply("hi")
    send(port, {self(), {:connect, self()}})
    assert_receive {^port, :connected}, @bound
    send(port, {self(), :close})
    assert_receive {^port, :closed}, @bound
  end

  describe "connect/2" do
    test "associates the port identifier with a pid" do
      port = echo()
      test = self()

      new =
        spawn_link(fn ->
          assert_receive {^port, {:data, data}}, @bound
          send(test, {:received, data})
        end)

      assert Port.connect(port, new)
      assert Port.info(port, :connected) == {:connected, new}
      assert Port.command(port, call(2, "hi"))
      assert_receive {:received, data}, @bound
      assert data == reply("hi")
    end
  end

  describe "close/1" do
    test "closes the port" do
      port = echo()
      assert Port.close(port)
      assert Port.info(port) == nil
      assert_raise ArgumentError, fn -> Port.close(port) end
      assert_raise ArgumentError, fn -> Port.command(port, "") end
      assert_raise ArgumentError, fn -> Port.connect(port, self()) end
    end
  end

  describe "info/1" do
    test "returns information about the port" do
      port = echo()
      me = self()
      assert info = Port.info(port)
      assert info[:name] == ~c"linkspan echo"
      assert info[:connected] == me
      assert info[:links] == [me]
      assert info[:input] == 0
      assert info[:output] == 0
      assert info[:os_pid] == :undefined
      assert is_integer(info[:id])
    end

    test "returns nil if the port is closed" do
      port = echo()
      Port.close(port)
      assert Port.info(port) == nil
    end
  end

  describe "info/2" do
    test "returns information about the port" do
      port = echo()
      assert Port.info(port, :locking) == {:locking, :port_level}
      assert Port.info(port, :queue_size) == {:queue_size, 0}
      assert Port.info(port, :parallelism) == {:parallelism, false}
      assert {:memory, memory} = Port.info(port, :memory)
      assert memory > 0
      Port.command(port, <<2, 0::16, 1::32, "cast">>)
      assert Port.info(port, :output) == {:output, 11}
    end

    test "returns the registered name, also if there is none" do
      port = echo()
      assert Port.info(port, :registered_name) == {:registered_name, []}
      Process.register(port, :linkspan_port_test)
      name = {:registered_name, :linkspan_port_test}
      assert Port.info(port, :registered_name) == name
      assert Port.info(:linkspan_port_test, :registered_name) == name
    end

    test "returns nil if the port is closed" do
      port = echo()
      Port.close(port)
      assert Port.info(port, :name) == nil
      assert Port.info(port, :registered_name) == nil
    end
  end

  describe "list/0" do
    test "returns a list of all ports in the current node" do
      port = echo()
      assert port in Port.list()
      Port.close(port)
      refute port in Port.list()
    end
  end

  describe "monitor/1" do
    test "delivers a message once the monitored port dies" do
      port = echo()
      reference = Port.monitor(port)
      Port.close(port)
      assert_receive {:DOWN, ^reference, :port, ^port, :normal}, @bound
    end

    test "by name, the object is the name with its node" do
      name = :linkspan_monitored_port_test
      port = echo()
      Process.register(port, name)
      reference = Port.monitor(name)
      Port.close(port)
      assert_receive {:DOWN, ^reference, :port, {^name, node}, :normal}, @bound
      assert node == node()
    end

    test "has the reason of the exit" do
      port = echo()
      Process.unlink(port)
      reference = Port.monitor(port)
      Port.command(port, call(5, "boom"))
      # OTP 25 says :process where a reason is more than an atom, of whatever port.
      assert_receive {:DOWN, ^reference, _type, ^port, {:panic, "boom at " <> _}}, @bound
    end
  end

  describe "demonitor/2" do
    test "turns the monitoring off" do
      port = echo()
      reference = Port.monitor(port)
      assert Port.demonitor(reference)
      # Already off: nothing happens.
      assert Port.demonitor(reference)
      Port.close(port)
      refute_received {:DOWN, _, _, _, _}
    end

    test "with :flush and :info removes the message and tells of it" do
      port = echo()
      reference = Port.monitor(port)
      Port.close(port)
      refute Port.demonitor(reference, [:flush, :info])
      refute_received {:DOWN, _, _, _, _}
    end
  end

  describe "a port ends with its owner" do
    test "as long as that is linked to it" do
      port = elsewhere(fn -> echo() end)
      reference = Port.monitor(port)
      assert_receive {:DOWN, ^reference, :port, ^port, reason}, @bound
      assert reason in [:normal, :noproc]
    end

    test "and outlives it if it has been unlinked" do
      port =
        elsewhere(fn ->
          port = echo()
          Process.unlink(port)
          port
        end)

      assert Port.connect(port, self())
      assert Port.command(port, call(2, "hi"))
      assert_receive {^port, {:data, data}}, @bound
      assert data == reply("hi")
    end
  end
end
