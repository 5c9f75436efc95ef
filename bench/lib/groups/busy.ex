defmodule Bench.Groups.Busy do
  @moduledoc false
  # Requests that have something to do: what is left of the boundary beside it.

  alias Bench.Peers.CNif
  alias Bench.{Subject, Work}

  # Longer work holds a scheduler thread too long: Linkspan has it deferred, a NIF must be dirty.
  @inline_us [1, 10, 100]
  @deferred_us [1000, 10_000]

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    spins = Enum.map(@inline_us, &Work.spin(&1, plan.steps_per_us))
    inline = [Work.nop(0), Work.checksum(1024) | spins]
    deferred = Enum.map(@deferred_us, &Work.spin(&1, plan.steps_per_us))
    Enum.flat_map(inline, &inline(peers, &1)) ++ Enum.flat_map(deferred, &deferred(peers, &1))
  end

  defp inline(peers, %Work{label: label, kernel: kernel, number: number, body: body, reply: reply}) do
    call = fn instance -> fn -> {:ok, ^reply} = Linkspan.call(instance, kernel, body) end end

    [
      Subject.new(:c_nif, label, fn -> ^reply = CNif.inline(number, body) end),
      Subject.new(:driver_call, label, call.(peers.driver)),
      Subject.new(:nif_call, label, call.(peers.nif))
    ]
  end

  defp deferred(peers, %Work{label: label, number: number, body: body, reply: reply}) do
    call = fn instance -> fn -> {:ok, ^reply} = Linkspan.call(instance, :spin_long, body) end end

    [
      Subject.new(:c_dirty_cpu, label, fn -> ^reply = CNif.dirty_cpu(number, body) end),
      Subject.new(:driver_deferred, label, call.(peers.driver)),
      Subject.new(:nif_deferred, label, call.(peers.nif))
    ]
  end
end
