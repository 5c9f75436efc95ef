# The keeper may die at any time; what depends on it goes on.
defmodule Linkspan.KeeperTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  for host <- [:driver, :nif] do
    @host host

    test "a panic that no keeper heard of ends the server when the next one comes, in the #{host} host" do
      server = start(service: :echo, host: @host)
      monitor = Process.monitor(server)
      keeper = Process.whereis(:linkspan_keeper)
      :ok = :sys.suspend(keeper)
      assert {:error, {:panic, _}} = Linkspan.call(server, :panic, "boom")
      eventually(fn -> Linkspan.call(server, :echo) == {:error, :closed} end)
      Process.exit(keeper, :kill)
      assert_receive {:DOWN, ^monitor, :process, _, {:panic, "boom at " <> _}}, 10_000
    end

    test "a server is found after the keeper has been replaced, in the #{host} host" do
      server = start(service: :echo, host: @host)
      keeper = Process.whereis(:linkspan_keeper)
      Process.exit(keeper, :kill)
      eventually(fn -> Process.whereis(:linkspan_keeper) not in [nil, keeper] end)
      assert Linkspan.call(server, :echo, "hi") == {:ok, "hi"}
      assert Linkspan.call(start(service: :echo, host: @host), :echo, "hi") == {:ok, "hi"}
    end
  end
end
