defmodule Bench.Meter do
  @moduledoc false
  # What the machine spends: see baseline/meter.c.

  @type t :: %{cpu: non_neg_integer(), switches: non_neg_integer()}

  @spec load(Path.t()) :: :ok
  def load(folder), do: :ok = :erlang.load_nif(to_charlist(Path.join(folder, "meter")), 0)

  @doc "CPU time in nanoseconds and context switches so far, of this VM and of programs beside it."
  @spec read([non_neg_integer()]) :: t()
  def read(programs) do
    beside = for program <- programs, do: switches_of(program)
    %{cpu: vm_and_programs(programs), switches: switches() + Enum.sum(beside)}
  end

  @doc "What was spent between two readings."
  @spec spent(t(), t()) :: t()
  def spent(before, later),
    do: Map.merge(before, later, fn _key, before, later -> later - before end)

  @doc "Nanoseconds of CPU time of this VM and of programs."
  @spec vm_and_programs([non_neg_integer()]) :: non_neg_integer()
  def vm_and_programs(_programs), do: :erlang.nif_error(:not_loaded)

  @doc "Context switches of this VM's threads."
  @spec switches() :: non_neg_integer()
  def switches, do: :erlang.nif_error(:not_loaded)

  # Of all threads of another process.
  defp switches_of(program) do
    for file <- Path.wildcard("/proc/#{program}/task/*/status"),
        [_, count] <- Regex.scan(~r/ctxt_switches:\t(\d+)/, File.read!(file)),
        reduce: 0,
        do: (sum -> sum + String.to_integer(count))
  end
end
