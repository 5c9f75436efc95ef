defmodule Bench.Plan do
  @moduledoc false
  # How much is measured: all of it, or what three minutes are enough for.

  @mi 1_048_576

  defstruct quick: false,
            # VMs that are started one after another, and how often each goes through all groups.
            starts: 5,
            runs: 2,
            # Blocks of each subject in a run.
            rounds: 3,
            sizes: [0, 16, 64, 65, 1024, 65_536, @mi, 8 * @mi],
            callers: [1, 2, 16, 64, 256],
            program_callers: [1, 2, 16, 64, 256],
            loads: [:closed, :open_50, :open_80],
            load_ms: 1000,
            # Instances that are open when one more is opened.
            instances: [1, 1000, 100_000],
            groups: [
              :inline,
              :typed,
              :busy,
              :deferred,
              :spare,
              :bodies,
              :program,
              :lanes,
              :script,
              :load,
              :cost
            ],
            # Path of node, if there is one.
            node: nil,
            steps_per_us: 0.0

  @type t :: %__MODULE__{}

  @spec full() :: t()
  def full, do: %__MODULE__{node: System.find_executable("node")}

  @doc "Fewer sizes and callers; the same measures."
  @spec quick() :: t()
  def quick do
    %{
      full()
      | quick: true,
        starts: 2,
        runs: 3,
        rounds: 2,
        sizes: [16, 65_536],
        callers: [1, 16, 256],
        program_callers: [1, 64],
        loads: [:closed, :open_80],
        load_ms: 600
    }
  end

  @doc "Only some groups, by their names."
  @spec only(t(), [String.t()]) :: t()
  def only(plan, []), do: plan

  def only(plan, names) do
    known = Map.new(plan.groups, &{Atom.to_string(&1), &1})

    case Enum.reject(names, &is_map_key(known, &1)) do
      [] ->
        %{plan | groups: Enum.map(names, &known[&1])}

      unknown ->
        raise ArgumentError,
              "there is no group #{Enum.join(unknown, ", ")}; there are #{Enum.join(plan.groups, ", ")}"
    end
  end
end
