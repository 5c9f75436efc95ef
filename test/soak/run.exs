# Mixed load with faults in every host: a line a second, and at last a verdict. `make soak MINUTES=10`.
# Exit status 0: nothing was lost, late, duplicated, wrong or left behind, and memory does not grow.

for file <- ~w(ledger body fleet listener caller faults memory),
    do: Code.require_file("#{file}.exs", __DIR__)

defmodule Linkspan.Soak do
  @moduledoc false

  alias Linkspan.Soak.{Body, Caller, Faults, Fleet, Ledger, Listener, Memory}

  @callers 24
  @bound 60_000
  # What a line can be drawn through; seconds.
  @shortest 30

  def run(minutes) do
    {:ok, _} = Application.ensure_all_started(:linkspan)
    # Servers die by the thousand: their reports are not what this is about.
    :logger.set_primary_config(:level, :none)
    Process.flag(:trap_exit, true)
    others = Fleet.programs()
    Ledger.open()
    Body.prepare()
    Caller.prepare()
    Process.register(spawn_link(fn -> receive(do: (:never -> :ok)) end), Linkspan.Soak.Heir)
    Listener.start_link()
    warm_up()
    before = Memory.sample()

    {:ok, fleet} = Fleet.start_link()
    callers = for id <- 1..@callers, do: Caller.start_link(id)
    {start, seconds} = {System.monotonic_time(:millisecond), max(round(minutes * 60), @shortest)}

    # The VM itself loses some kilobytes with each module that is loaded again (CONTRIBUTING.md): not while memory is judged.
    faults = Faults.start_link(start + seconds * 500)
    samples = watch(start, seconds, 1, [])

    Faults.stop(faults)
    casts = stop(callers)
    audit(casts)
    :ok = Supervisor.stop(fleet, :normal, @bound)
    left = settle(before, others)
    # Until now callers have listened for what is too much.
    for caller <- callers, do: send(caller, :end)
    verdict(Enum.reverse(samples), left)
  end

  # What is loaded with the first instance of each kind.
  defp warm_up do
    for {_, options} <- Fleet.variants() do
      {:ok, instance} = Linkspan.open([service: :echo] ++ options)
      {:ok, ""} = Linkspan.call(instance, :echo_long)
      :ok = Linkspan.close(instance)
    end
  end

  defp watch(_start, seconds, second, samples) when second > seconds, do: samples

  defp watch(start, seconds, second, samples) do
    receive do
      {:EXIT, pid, reason} when reason not in [:normal, :shutdown] ->
        # A caller, the listener or the faults: what they cannot handle is a defect.
        Ledger.blame(:wrong, {:crashed, pid, reason})
        watch(start, seconds, second, samples)
    after
      max(0, start + second * 1000 - System.monotonic_time(:millisecond)) ->
        for {pid, what, where} <- Caller.stuck() do
          Ledger.blame(:lost, {what, where})
          :ets.delete(Caller, pid)
        end

        sample = Memory.sample()
        IO.puts(line(second, sample))
        watch(start, seconds, second + 1, [sample | samples])
    end
  end

  defp line(second, sample) do
    ledger = Ledger.read()
    counts = for name <- [:asked, :answered, :events, :faults], do: " #{name} #{ledger[name]}"
    errors = Ledger.errors() |> Enum.map(&ledger[&1]) |> Enum.sum()
    defects = for name <- Ledger.defects(), do: " #{name} #{ledger[name]}"

    "#{String.pad_leading("#{second}", 5)} s #{counts} errors #{errors} |#{defects} | " <>
      "#{mib(sample.resident)} MiB, #{sample.processes} processes, #{sample.ports} ports, #{sample.threads} threads"
  end

  defp stop(callers) do
    for caller <- callers, do: send(caller, {:stop, self()})

    for caller <- callers, reduce: %{} do
      casts ->
        receive do
          {:stopped, ^caller, own} ->
            Map.put(casts, caller, own)

          {:EXIT, ^caller, reason} ->
            Ledger.blame(:wrong, {:crashed, caller, reason})
            casts
        after
          @bound ->
            Ledger.blame(:lost, {:stopping, Process.info(caller, :current_stacktrace)})
            casts
        end
    end
  end

  # Every cast that was accepted has become an event, unless its instance has ended: now that nothing ends any more.
  defp audit(casts) do
    accepted =
      for {_caller, own} <- casts,
          {server, {lane, generation, epoch, n}} <- own,
          n > 0,
          # Behind everything that was accepted before.
          match?({:ok, ""}, Linkspan.call(lane, :echo_long, "", @bound)),
          do: {server, {generation, epoch, n}}

    seen =
      Enum.frequencies(for {{_caller, server}, place} <- Listener.seen(), do: {server, place})

    for {one, count} <- Enum.frequencies(accepted), Map.get(seen, one, 0) < count do
      Ledger.blame(:lost, {:events, one, count, Map.get(seen, one, 0)})
    end
  end

  # What has not gone after a while is left behind.
  defp settle(before, others, tries \\ 1000) do
    orphans = Fleet.programs() -- others
    left = Memory.left(before, Memory.sample())
    instances = length(Linkspan.instances())
    # The callers are still there.
    left =
      for {name, n} <- left,
          n = n - if(name == :processes, do: @callers, else: 0),
          n > 0,
          do: {name, n}

    cond do
      {orphans, left, instances} == {[], [], 0} ->
        []

      tries > 0 ->
        receive do
        after
          10 -> settle(before, others, tries - 1)
        end

      true ->
        for orphan <- orphans, do: Ledger.blame(:orphans, orphan)
        left ++ if(instances > 0, do: [instances: instances], else: [])
    end
  end

  defp verdict(samples, left) do
    ledger = Ledger.read()
    say = fn name -> "#{name} #{ledger[name]}" end
    {resident, total} = {Memory.slope(samples, :resident), Memory.slope(samples, :total)}
    atoms = List.last(samples).atoms - Enum.at(samples, div(length(samples), 2)).atoms
    defects = Ledger.defects() |> Enum.map(&ledger[&1]) |> Enum.sum()

    unended =
      ledger.asked - ledger.answered - (Ledger.errors() |> Enum.map(&ledger[&1]) |> Enum.sum()) -
        defects

    grows = Memory.grows?(resident) or Memory.grows?(total) or atoms > 50
    good = defects == 0 and unended == 0 and left == [] and not grows

    IO.puts("""

    requests: #{say.(:asked)}, #{say.(:answered)}; #{say.(:parts)} of streams, #{say.(:events)}, #{say.(:opened)}, #{say.(:faults)}
    errors: #{Enum.map_join(Ledger.errors(), ", ", say)}
    must be 0: #{Enum.map_join(Ledger.defects(), ", ", say)}, without an end #{unended}
    left behind: #{inspect(left)}
    memory, second half: resident #{words(resident)}, VM #{words(total)}, #{atoms} atoms more
    verdict: #{if good, do: "passed", else: "FAILED"}\
    """)

    for {defect, what} <- Ledger.blamed(),
        do: IO.puts("#{defect}: #{inspect(what, limit: 20, printable_limit: 60)}")

    if good, do: 0, else: 1
  end

  defp words({slope, noise}), do: "#{kib(slope)} KiB a minute (noise #{kib(noise)})"
  defp kib(bytes), do: round(bytes / 1024)
  defp mib(bytes), do: round(bytes / 1024 / 1024)
end

[minutes] = System.argv()
{minutes, ""} = Float.parse(minutes)
System.halt(Linkspan.Soak.run(minutes))
