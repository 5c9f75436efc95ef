defmodule Bench.Groups.Deferred do
  @moduledoc false
  # Requests that are done elsewhere: workers, dirty schedulers, and what one writes by hand instead.

  alias Bench.Peers.{CDriver, CNif, RustlerNif}
  alias Bench.{Subject, Work}

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    work = Work.copy(16)
    main = main(peers, work)

    Subject.with_callers(main ++ others(peers, work), [1]) ++
      Subject.with_callers(main ++ lanes(peers, work), plan.callers -- [1])
  end

  # The pool in C is what one would write by hand to hold no scheduler, dirty or not: threads, and a message as answer.
  defp main(peers, %Work{label: label, number: number, body: body}) do
    dirty = fn -> ^body = CNif.dirty_cpu(number, body) end

    [
      Subject.new(:c_dirty_cpu, label, dirty),
      Subject.new(:driver_deferred, label, call(peers.driver, body)),
      Subject.new(:nif_deferred, label, call(peers.nif, body)),
      Subject.new(:nif_dirty_cpu, label, call(peers.nif_dirty_cpu, body)),
      Subject.new(:c_nif_pool, label, fn -> ^body = CNif.pool(number, body) end),
      Subject.new(:c_dirty_cpu_again, label, dirty)
    ]
  end

  defp lanes(peers, %Work{label: label, body: body}) do
    [
      Subject.new(:driver_lanes_deferred, label, call(peers.driver_lanes, body)),
      Subject.new(:nif_lanes_deferred, label, call(peers.nif_lanes, body))
    ]
  end

  defp others(peers, %Work{label: label, number: number, body: body}) do
    %{c_driver_pool: pool, c_driver_async: async} = peers

    [
      Subject.new(:nif_dirty_io, label, call(peers.nif_dirty_io, body)),
      Subject.new(:c_dirty_io, label, fn -> ^body = CNif.dirty_io(number, body) end),
      Subject.new(:rustler_dirty_cpu, label, fn -> ^body = RustlerNif.dirty_cpu(number, body) end),
      Subject.new(:c_driver_pool, label, fn -> ^body = CDriver.deferred(pool, number, body) end),
      Subject.new(:c_driver_async, label, fn -> ^body = CDriver.deferred(async, number, body) end)
    ]
  end

  defp call(instance, body),
    do: fn -> {:ok, ^body} = Linkspan.call(instance, :copy_long, body) end
end
