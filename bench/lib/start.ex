defmodule Bench.Start do
  @moduledoc false
  # What one VM measures: it opens everything, and goes through all groups, run after run.

  alias Bench.{Block, Load, Meter, Peers, Plan, Subject, Work}

  @groups %{
    inline: Bench.Groups.Inline,
    typed: Bench.Groups.Typed,
    busy: Bench.Groups.Busy,
    deferred: Bench.Groups.Deferred,
    spare: Bench.Groups.Spare,
    bodies: Bench.Groups.Bodies,
    program: Bench.Groups.Program,
    lanes: Bench.Groups.Lanes,
    script: Bench.Groups.Script
  }

  @typed Path.expand("../typed.exs", __DIR__)

  @typedoc "A sample, and where it is from. Rounds count from 1 in each run."
  @type taken :: {run :: pos_integer(), round :: pos_integer(), Subject.id(), Block.sample()}
  @type outcome :: %{samples: [taken()], figures: %{atom() => number()}}

  @spec measure(Plan.t(), Path.t(), String.t()) :: outcome()
  def measure(plan, folder, title) do
    :ok = :linkspan.load()
    :ok = Meter.load(folder)
    :ok = Peers.load(folder)
    Code.require_file(@typed)
    plan = %{plan | steps_per_us: Work.calibrate()}
    peers = Peers.open(folder)

    groups =
      for group <- plan.groups,
          module = @groups[group],
          do: {group, prepared(module, peers, plan)}

    load = if :load in plan.groups, do: Load.prepare(peers, plan)

    samples =
      for run <- 1..plan.runs,
          do: run(run, groups, load, plan, "#{title}, run #{run} of #{plan.runs}")

    %{samples: List.flatten(samples), figures: %{inline_over_1ms_cpu: overruns()}}
  end

  defp run(run, groups, load, plan, title) do
    blocks =
      for {group, subjects} <- groups do
        progress("#{title}: #{group}")
        rounds(subjects, plan.rounds, run)
      end

    if load do
      progress("#{title}: load")
      [blocks | Load.run(load, plan, run)]
    else
      blocks
    end
  end

  defp prepared(module, peers, plan),
    do: for(subject <- module.subjects(peers, plan), do: Block.prepare(subject))

  # There and back again, so that whatever drifts meets all alike.
  defp rounds(subjects, rounds, run) do
    for round <- 1..rounds,
        prepared <- if(rem(round, 2) == 1, do: subjects, else: Enum.reverse(subjects)) do
      {run, round, Subject.id(elem(prepared, 0)), Block.run(prepared)}
    end
  end

  # Of all instances inside the VM.
  defp overruns do
    for instance <- :linkspan.instances(),
        %{host: host, counts: %{overruns: overruns}} when host != :program <- [
          :linkspan.info(instance)
        ],
        reduce: 0,
        do: (sum -> sum + overruns)
  end

  @spec progress(String.t()) :: :ok
  def progress(text) do
    {ms, _} = :erlang.statistics(:wall_clock)
    IO.puts("  #{String.pad_leading("#{div(ms, 1000)}", 3)} s  #{text}")
  end
end
