defmodule Bench.Groups.Lanes do
  @moduledoc false
  # Short requests from all schedulers: one port is one lock.

  alias Bench.{Subject, Work}

  @callers 64

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    [Work.spin(10, plan.steps_per_us), Work.copy(16)]
    |> Enum.flat_map(&asked(peers, &1))
    |> Subject.with_callers([@callers])
  end

  defp asked(peers, %Work{label: label, kernel: kernel, number: number, body: body, reply: reply}) do
    %{c_driver: port} = peers
    control = fn -> ^reply = :erlang.port_control(port, number, body) end

    instances =
      for {name, key} <- [
            driver_lanes: :driver_lanes,
            nif_lanes: :nif_lanes,
            driver_call: :driver,
            nif_call: :nif
          ] do
        instance = peers[key]
        Subject.new(name, label, fn -> {:ok, ^reply} = Linkspan.call(instance, kernel, body) end)
      end

    [Subject.new(:c_driver, label, control) | instances]
  end
end
