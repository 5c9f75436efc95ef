# What the VM holds, second by second, and whether it grows.
defmodule Linkspan.Soak.Memory do
  @moduledoc false

  @mib 1024 * 1024

  def sample do
    %{
      resident: resident(),
      total: :erlang.memory(:total),
      processes: :erlang.system_info(:process_count),
      ports: :erlang.system_info(:port_count),
      atoms: :erlang.system_info(:atom_count),
      descriptors: length(File.ls!("/proc/self/fd")),
      threads: length(File.ls!("/proc/self/task"))
    }
  end

  defp resident do
    [_, pages | _] = String.split(File.read!("/proc/self/statm"))
    String.to_integer(pages) * 4096
  end

  # The line through the second half of the samples, one a second: bytes a minute, with its standard error.
  def slope(samples, name) do
    values = samples |> Enum.drop(div(length(samples), 2)) |> Enum.map(& &1[name])
    n = length(values)
    {mean_x, mean_y} = {(n - 1) / 2, Enum.sum(values) / n}
    points = Enum.with_index(values, fn y, x -> {x - mean_x, y - mean_y} end)
    square = points |> Enum.map(fn {x, _} -> x * x end) |> Enum.sum()
    slope = (points |> Enum.map(fn {x, y} -> x * y end) |> Enum.sum()) / square
    rest = points |> Enum.map(fn {x, y} -> (y - slope * x) ** 2 end) |> Enum.sum()
    {slope * 60, :math.sqrt(rest / (n - 2) / square) * 60}
  end

  # More than noise, and more than 1 MiB a minute. Samples of one second are not independent of each other, so that the
  # standard error says too little: hence ten of them.
  def grows?({slope, error}), do: slope > 10 * error and slope > @mib

  # What is left when all is closed, of what was there before: in numbers of each.
  def left(before, now) do
    for name <- [:processes, :ports, :descriptors, :threads],
        now[name] > before[name],
        do: {name, now[name] - before[name]}
  end
end
