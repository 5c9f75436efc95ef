# What the demo takes for granted: anything else ends it with a message and status 1.

defmodule Demo.Expect do
  @moduledoc false

  defmodule Error do
    @moduledoc false
    defexception [:message]
  end

  # Bounds one call, one exit, one restart: far above what any of them takes.
  @patience_ms 60_000

  def patience_ms, do: @patience_ms

  @doc "The body of a reply."
  def ok!({:ok, body}, _what), do: body
  def ok!(other, what), do: fail!(what, other, "a reply")

  @doc "Gives `got` back if it is what was wanted."
  def equal!(got, got, _what), do: got
  def equal!(got, wanted, what), do: fail!(what, got, inspect(wanted))

  @doc "Ends the demo."
  def fail!(what, got, wanted) do
    raise Error, "#{what}: got #{inspect(got, printable_limit: 500)}, wanted #{wanted}"
  end
end
