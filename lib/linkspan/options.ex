defmodule Linkspan.Options do
  @moduledoc false
  # Wrong options are errors of arguments in Elixir.

  @doc "Runs what reads options; one that is wrong raises `ArgumentError`, with its name."
  @spec checked((() -> result)) :: result when result: term()
  def checked(fun) do
    fun.()
  catch
    :error, {:bad_option, name, what} ->
      raise ArgumentError, "option #{inspect(name)} #{what}"
  end
end
