# Time-outs that race with answers: each call returns once, with one or the other, and nothing comes afterwards.
defmodule Linkspan.RaceTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Only bounds a hang.
  @moduletag timeout: 600_000
  @calls 100_000
  @callers 10
  @servers 5

  # Operation, body and time-out. Most end about when they are given up; how often one or the other wins is the
  # machine's affair.
  @races [
    {:echo, "x", 0},
    {:echo_long, "x", 0},
    {:work, "20", 0},
    {:echo_long, "x", 1},
    {:spin, "50", 1},
    {:work, "100", 1},
    {:spin, "300", 1},
    {:sleep, "500", 1}
  ]

  for host <- [:driver, :nif, :program] do
    @host host

    @tag host: host
    test "#{@calls} time-outs race with answers in the #{host} host" do
      servers = for _ <- 1..@servers, do: start(service: :echo, host: @host)
      handles = servers |> Enum.map(&Linkspan.handle/1) |> List.to_tuple()

      tasks =
        for n <- 1..@callers do
          Task.async(fn ->
            handle = elem(handles, rem(n, @servers))
            results = for n <- 1..div(@calls, @callers), do: race(handle, n)
            # When this is answered, everything before it has been answered or dropped.
            {:ok, "end"} = Linkspan.call(handle, :echo_long, "end", :infinity)
            {Enum.frequencies(results), Process.info(self(), :messages)}
          end)
        end

      {results, messages} = tasks |> Task.await_many(:infinity) |> Enum.unzip()
      assert Enum.uniq(messages) == [{:messages, []}]
      counts = Enum.reduce(results, &Map.merge(&1, &2, fn _, one, other -> one + other end))
      assert counts |> Map.values() |> Enum.sum() == @calls
      # Both have won.
      assert %{answered: answered, timeout: timeout} = counts
      assert map_size(counts) == 2
      assert answered > 0 and timeout > 0

      # Every request ended, one way or the other.
      for server <- servers do
        eventually(fn -> match?(%{queue: %{requests: 0, bytes: 0}}, Linkspan.info(server)) end)
      end
    end
  end

  defp race(handle, n) do
    {operation, body, timeout} = Enum.at(@races, rem(n, length(@races)))

    case Linkspan.call(handle, operation, body, timeout) do
      {:ok, reply} when operation in [:echo, :echo_long] -> (^body = reply) && :answered
      {:ok, ""} -> :answered
      {:error, :timeout} -> :timeout
    end
  end
end
