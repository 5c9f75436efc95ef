# What the soak counts. Every request is asked once and then ends in exactly one way.
defmodule Linkspan.Soak.Ledger do
  @moduledoc false

  # Ways in which a request may end, besides with its answer.
  @errors [
            :timeout,
            :cancelled,
            :busy,
            :closed,
            :panic,
            :service,
            :bad_request,
            :unknown_operation
          ] ++
            [:signal, :exit, :protocol]
  # What must not be. `lost`: no answer within the bound; `late`: one to a request that was given up; `duplicated`: a
  # second one; `wrong`: not what was asked for; `refused`: an error that nothing explains.
  @defects [:lost, :late, :duplicated, :wrong, :refused, :orphans]
  @names [:asked, :answered, :parts, :events, :opened, :faults] ++ @errors ++ @defects
  @index @names |> Enum.with_index(1) |> Map.new()

  def defects, do: @defects
  def errors, do: @errors

  def open do
    :persistent_term.put(__MODULE__, :counters.new(length(@names), [:write_concurrency]))
    # What was wrong, in words: the first of each kind.
    :ets.new(__MODULE__, [:named_table, :public, :bag])
    :ok
  end

  def count(name, n \\ 1), do: :counters.add(counters(), Map.fetch!(@index, name), n)

  # Counts what must not be, and remembers how it came about.
  def blame(defect, what) when defect in @defects do
    count(defect)
    if length(:ets.lookup(__MODULE__, defect)) < 5, do: :ets.insert(__MODULE__, {defect, what})
    :ok
  end

  def blamed, do: :ets.tab2list(__MODULE__)

  def read, do: Map.new(@index, fn {name, n} -> {name, :counters.get(counters(), n)} end)

  defp counters, do: :persistent_term.get(__MODULE__)

  # Enters the end of a request. `allowed` are the errors that may happen to it.
  def enter({:error, reason}, allowed) do
    kind = if is_tuple(reason), do: elem(reason, 0), else: reason

    if kind in allowed and kind in @errors,
      do: count(kind),
      else: blame(:refused, {reason, allowed})
  end

  def enter(_answer, _allowed), do: count(:answered)
end
