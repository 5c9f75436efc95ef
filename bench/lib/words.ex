defmodule Bench.Words do
  @moduledoc false
  # Numbers as people read them.

  @doc "With as many digits as mean something."
  @spec number(number()) :: String.t()
  def number(number) when is_integer(number), do: Integer.to_string(number)
  def number(number) when abs(number) >= 100, do: number |> round() |> Integer.to_string()
  def number(number) when abs(number) >= 10, do: :erlang.float_to_binary(number, decimals: 1)
  def number(number), do: :erlang.float_to_binary(number, decimals: 2)

  @doc "Nanoseconds, in a unit that fits."
  @spec time(number()) :: String.t()
  def time(ns) when ns >= 1.0e6, do: "#{number(ns / 1.0e6)} ms"
  def time(ns) when ns >= 1000, do: "#{number(ns / 1000)} us"
  def time(ns), do: "#{round(ns)} ns"

  @doc "How many in a second."
  @spec rate(number()) :: String.t()
  def rate(ops) when ops >= 1.0e6, do: "#{number(ops / 1.0e6)} M/s"
  def rate(ops) when ops >= 1000, do: "#{number(ops / 1000)} k/s"
  def rate(ops), do: "#{number(ops)} /s"
end
