# What the verdict of `make soak` makes of memory.
defmodule Linkspan.SoakTest do
  use ExUnit.Case, async: true

  Code.require_file("soak/memory.exs", __DIR__)
  alias Linkspan.Soak.Memory

  @mib 1024 * 1024

  # Ten minutes, a sample a second: some 8 MiB up and down, as bodies and heaps come and go, each sample much like the one
  # before it. Always the same, so that the test always says the same.
  defp samples(bytes_a_minute) do
    :rand.seed(:exsss, {1, 2, 3})

    {samples, _} =
      Enum.map_reduce(1..600, 0.0, fn second, wave ->
        wave = 0.9 * wave + :rand.normal() * 2 * @mib
        {%{total: round(100 * @mib + wave + second * bytes_a_minute / 60)}, wave}
      end)

    samples
  end

  test "memory that goes up and down does not grow" do
    refute Memory.grows?(Memory.slope(samples(0), :total))
    refute Memory.grows?(Memory.slope(samples(-4 * @mib), :total))
  end

  test "a leak stands out of the noise, and is told in bytes a minute" do
    {slope, noise} = Memory.slope(samples(4 * @mib), :total)
    assert Memory.grows?({slope, noise})
    assert_in_delta slope, 4 * @mib, noise
  end

  test "growth that has come to its end in the first half is warming up" do
    warming = for n <- 1..300, do: %{total: n * @mib}

    assert {+0.0, +0.0} ==
             Memory.slope(warming ++ List.duplicate(%{total: 300 * @mib}, 300), :total)
  end
end
