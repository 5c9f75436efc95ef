# The typed service `sum`, and a process that does the same. Compiled when it is needed: the library must be there.

defmodule Bench.Peers.Sum do
  @moduledoc false
  use Linkspan, otp_app: :linkspan, library: "sum"
end

defmodule Bench.Peers.Adder do
  @moduledoc false
  use GenServer

  @impl true
  def init(total), do: {:ok, total}

  @impl true
  def handle_call({:add, by}, _from, total), do: {:reply, total + by, total + by}
end

defmodule Bench.Groups.Typed do
  @moduledoc false
  # Terms there and back.

  alias Bench.Peers.{Adder, Sum}
  alias Bench.Subject

  def subjects(_peers, _plan) do
    {:ok, adder} = GenServer.start_link(Adder, 5)
    {:ok, driver} = Sum.open(start: [total: 5], host: :driver)
    {:ok, nif} = Sum.open(start: [total: 5], host: :nif)

    [
      Subject.new(:adder, "add", fn -> 5 = GenServer.call(adder, {:add, 0}) end),
      Subject.new(:typed_driver, "add", fn -> {:ok, 5} = Sum.add(driver, 0) end),
      Subject.new(:typed_nif, "add", fn -> {:ok, 5} = Sum.add(nif, 0) end)
    ]
  end
end
