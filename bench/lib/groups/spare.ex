defmodule Bench.Groups.Spare do
  @moduledoc false
  # Requests that are done elsewhere, in a VM with one scheduler and one dirty CPU scheduler: so that on two cores there is
  # one to spare for a worker, as on machines with more cores than schedulers that are busy.

  alias Bench.Groups.Deferred
  alias Bench.{Plan, Subject}

  @names %{
    c_dirty_cpu: :c_dirty_cpu_spare,
    driver_deferred: :driver_deferred_spare,
    nif_deferred: :nif_deferred_spare
  }

  @doc "The flags of the VM."
  @spec flags() :: String.t()
  def flags, do: "+S 1:1 +SDcpu 1:1"

  @spec subjects(Bench.Peers.t(), Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    for %{name: name, callers: callers} = subject <- Deferred.subjects(peers, plan),
        callers > 1,
        is_map_key(@names, name),
        do: %{subject | name: @names[name]}
  end
end
