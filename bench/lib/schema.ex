defmodule Bench.Schema do
  @moduledoc false
  # What results/latest.json must look like: docs/performance.md describes it for readers.

  @document %{
    "schema" => {:one_of, [1]},
    "commit" => :text,
    "machine" => :map,
    "otp" => :text,
    "quick" => :boolean,
    "runs" => :number,
    "measures" =>
      {:list,
       %{
         "id" => :text,
         "what" => :text,
         "against" => :text,
         "value" => :number,
         "unit" => :text,
         "direction" => {:one_of, ["lower", "higher"]},
         "must" => {:maybe, :number},
         "aim" => {:maybe, :number},
         "spread" => {:list, :number},
         "pass" => {:maybe, :boolean},
         "pair" => {:maybe, {:list, {:list, :any}}}
       }},
    "figures" => :map,
    "instances" =>
      {:list,
       %{
         "host" => :text,
         "instances" => :number,
         "open_ns" => :number,
         "close_ns" => :number,
         "bytes" => {:maybe, :number}
       }},
    "rows" =>
      {:list,
       {:at_least, %{"subject" => :text, "work" => :text, "callers" => :number, "p50" => :number}}}
  }

  @doc "Where results are not as they should be, and how; nothing if they are."
  @spec wrong(term()) :: [String.t()]
  def wrong(results), do: check(@document, results, "results")

  defp check(shape, value, at) when is_map(shape) and is_map(value) do
    check({:at_least, shape}, value, at) ++
      for(key <- Map.keys(value) -- Map.keys(shape), do: "#{at}.#{key} is unknown")
  end

  defp check({:at_least, shape}, value, at) when is_map(value) do
    Enum.flat_map(shape, fn {key, shape} ->
      case value do
        %{^key => value} -> check(shape, value, "#{at}.#{key}")
        _ -> ["#{at}.#{key} is missing"]
      end
    end)
  end

  defp check({:list, shape}, values, at) when is_list(values) do
    for {value, index} <- Enum.with_index(values),
        wrong <- check(shape, value, "#{at}[#{index}]"),
        do: wrong
  end

  defp check({:maybe, _shape}, nil, _at), do: []
  defp check({:maybe, shape}, value, at), do: check(shape, value, at)
  defp check({:one_of, values}, value, at), do: right(value in values, value, at)
  defp check(:any, _value, _at), do: []
  defp check(:text, value, at), do: right(is_binary(value), value, at)
  defp check(:number, value, at), do: right(is_number(value), value, at)
  defp check(:boolean, value, at), do: right(is_boolean(value), value, at)
  defp check(:map, value, at), do: right(is_map(value), value, at)
  defp check(_shape, value, at), do: right(false, value, at)

  defp right(true, _value, _at), do: []
  defp right(false, value, at), do: ["#{at} is #{inspect(value)}"]
end
