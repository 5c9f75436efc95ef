defmodule Bench.Peers.Echo do
  @moduledoc false
  # The floor of every process that answers calls.
  use GenServer

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call(body, _from, state), do: {:reply, body, state}
end
