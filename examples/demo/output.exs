# How a result of one host is printed.

defmodule Demo.Output do
  @moduledoc false

  def say(host, text), do: IO.puts("  #{String.pad_trailing("#{host}", 8)} #{text}")
end
