# The servers under load: every host, under supervisors that start again what was killed.
defmodule Linkspan.Soak.Fleet do
  @moduledoc false

  @variants [
    driver: [host: :driver],
    nif: [host: :nif],
    program: [host: :program],
    dirty_cpu: [host: :nif, deferred: :dirty_cpu],
    dirty_io: [host: :nif, deferred: :dirty_io],
    lanes: [host: :driver, lanes: 3],
    program_lanes: [host: :program, lanes: 2]
  ]

  def variants, do: @variants

  # Two servers of each variant: with a queue that is never full, and with a short one whose instance survives panics.
  @servers for {variant, options} <- @variants,
               {kind, more} <- [
                 roomy: [],
                 short: [queue: [limit: 8, full: :error], on_panic: :keep]
               ],
               do: {:"soak_#{variant}_#{kind}", [service: :echo] ++ options ++ more}

  # One whose instance survives panics.
  @lasting for {name, options} <- @servers, options[:on_panic] == :keep, do: name

  def random, do: @servers |> Enum.random() |> elem(0)
  def lasting, do: Enum.random(@lasting)
  def host(name), do: @servers[name][:host]

  def start_link do
    children =
      for {name, options} <- @servers do
        options = [name: name, events: Process.whereis(Linkspan.Soak.Listener)] ++ options
        Supervisor.child_spec({Linkspan, options}, id: name, restart: :permanent)
      end

    # Faults are what this is about.
    Supervisor.start_link(children, strategy: :one_for_one, max_restarts: 1_000_000)
  end

  # OS processes of the program host, of this VM or left behind by it.
  def programs do
    program =
      Path.expand(to_string(:code.priv_dir(:linkspan))) |> real() |> Path.join("linkspan_program")

    for "/proc/" <> pid <- Path.wildcard("/proc/[0-9]*"),
        {:ok, ^program} <- [File.read_link("/proc/#{pid}/exe")],
        ours?(parent(pid)),
        do: pid
  end

  # Of the process that starts programs for this VM, or of nobody any more: other VMs may have programs as well.
  defp ours?(parent), do: parent in ["1", nil] or parent(parent) == System.pid()

  defp parent(pid) do
    case File.read("/proc/#{pid}/stat") do
      {:ok, stat} -> stat |> String.split(") ") |> List.last() |> String.split(" ") |> Enum.at(1)
      {:error, _} -> nil
    end
  end

  defp real(path) do
    case File.read_link(path) do
      {:ok, target} -> Path.expand(target, Path.dirname(path))
      {:error, _} -> path
    end
  end
end
