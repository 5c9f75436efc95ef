defmodule Bench.Peers.CDriver do
  @moduledoc false
  # The drivers of baseline/: inline_driver.c and deferred_driver.c; and that of the crate erl_driver.

  @spec load(Path.t()) :: :ok
  def load(folder) do
    for driver <- [~c"inline_driver", ~c"deferred_driver", ~c"echo_drv"],
        do: :ok = :erl_ddll.load_driver(to_charlist(folder), driver)

    :ok
  end

  @spec open(charlist()) :: port()
  def open(command), do: Port.open({:spawn_driver, command}, [:binary])

  @doc "Asks a port of deferred_driver.c. Callers that share a port need numbers of their own; a process asks one by one."
  @spec deferred(port(), non_neg_integer(), binary()) :: binary() | :error
  def deferred(port, kernel, body) do
    number = :erlang.unique_integer([:positive])
    [] = :erlang.port_control(port, kernel, [<<number::native-64>>, body])
    receive(do: ({^port, ^number, answer} -> answer))
  end
end
