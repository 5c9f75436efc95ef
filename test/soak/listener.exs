# The process that gets all events: those of one caller's casts to one instance come once each, in order.
defmodule Linkspan.Soak.Listener do
  @moduledoc false

  alias Linkspan.Soak.Ledger

  def start_link do
    pid = spawn_link(fn -> loop(%{}) end)
    Process.register(pid, __MODULE__)
    pid
  end

  # How far each caller's casts to each server have become events.
  def seen do
    send(__MODULE__, {:seen, self()})
    receive(do: ({:seen, seen} -> seen))
  end

  defp loop(seen) do
    receive do
      {:linkspan, _instance, {:event, event}} ->
        Ledger.count(:events)
        {caller, server, generation, epoch, n} = :erlang.binary_to_term(event, [:safe])
        last = Map.get(seen, {caller, server}, {0, 0, 0})
        judge(event, {generation, epoch, n}, last)
        loop(Map.put(seen, {caller, server}, max(last, {generation, epoch, n})))

      {:seen, from} ->
        send(from, {:seen, seen})
        loop(seen)
    end
  end

  # Another instance, or a new beginning after a cast of which nobody knows whether it was accepted.
  defp judge(event, {generation, epoch, n}, {last_generation, last_epoch, last}) do
    cond do
      # What an instance sent before its end may come after the first event of the next one.
      generation < last_generation ->
        :ok

      {generation, epoch} != {last_generation, last_epoch} and n == 1 ->
        :ok

      {generation, epoch, n} == {last_generation, last_epoch, last + 1} ->
        :ok

      {generation, epoch} == {last_generation, last_epoch} and n <= last ->
        blame(:duplicated, event, last)

      # The cast whose acceptance is unknown.
      {generation, epoch} < {last_generation, last_epoch} ->
        blame(:late, event, last)

      true ->
        blame(:lost, event, last)
    end
  end

  defp blame(defect, event, last),
    do: Ledger.blame(defect, {:event, :erlang.binary_to_term(event), :after, last})
end
