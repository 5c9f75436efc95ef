# What the VM holds, second by second, and whether it grows.
defmodule Linkspan.Soak.Memory do
  @moduledoc false

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

  # How steeply something rises in the second half of the samples, one a second, and what of that may be noise: bytes a
  # minute. The noise is that of the samples themselves, about the line through the means of twelve parts. Neighbouring
  # samples are much alike, since they show the same bodies on their way; means of parts are not.
  @parts 12
  # So many standard errors are exceeded by chance once in a thousand times: Student's distribution, 10 degrees of freedom.
  @certain 4.14
  def slope(samples, name) do
    second_half = samples |> Enum.drop(div(length(samples), 2)) |> Enum.map(& &1[name])
    length = max(1, div(length(second_half), @parts))

    means =
      second_half |> Enum.take(-@parts * length) |> Enum.chunk_every(length) |> Enum.map(&mean/1)

    {slope, error} = line(means)
    {slope * 60 / length, error * @certain * 60 / length}
  end

  # Least squares: the slope, and its standard error.
  defp line(values) do
    {middle, mean} = {(length(values) - 1) / 2, mean(values)}
    points = for {y, x} <- Enum.with_index(values), do: {x - middle, y - mean}
    square = sum(points, fn {x, _} -> x * x end)
    slope = sum(points, fn {x, y} -> x * y end) / square
    rest = sum(points, fn {x, y} -> (y - slope * x) ** 2 end)
    {slope, :math.sqrt(rest / (length(values) - 2) / square)}
  end

  defp mean(values), do: Enum.sum(values) / length(values)
  defp sum(values, fun), do: values |> Enum.map(fun) |> Enum.sum()

  def grows?({slope, noise}), do: slope > noise

  # What is left when all is closed, of what was there before: in numbers of each.
  def left(before, now) do
    for name <- [:processes, :ports, :descriptors, :threads],
        now[name] > before[name],
        do: {name, now[name] - before[name]}
  end
end
