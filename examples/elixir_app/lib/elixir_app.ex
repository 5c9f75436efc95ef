defmodule ElixirApp do
  @moduledoc "Three services of one library, each in another host, under one supervisor."

  use Application
  alias ElixirApp.{Calculator, Tally, Words}

  @impl true
  @spec start(Application.start_type(), term()) :: {:ok, pid()} | {:error, term()}
  def start(_type, _arguments) do
    children = [
      # Asked all the time, and at once: in the VM, behind a port.
      {Tally, name: Tally, host: :driver},
      # Long work on large texts, on the VM's own threads for such work.
      {Words, name: Words, host: :nif, deferred: :dirty_cpu},
      # Reads what strangers write: whatever that does to it, it does to a process of its own.
      {Calculator, name: Calculator, host: :program}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: ElixirApp.Supervisor)
  end

  @doc "The result of a formula, counted under its sender's name."
  @spec ask(String.t(), String.t()) :: {:ok, float()} | {:error, Linkspan.reason()}
  def ask(sender, formula) do
    with {:ok, _times} <- Tally.count(Tally, sender), do: Calculator.evaluate(Calculator, formula)
  end
end
