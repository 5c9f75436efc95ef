defmodule Linkspan.Error do
  @moduledoc "What `Linkspan.call!/4` raises: the `reason` of the error, and the `operation` that was asked."

  defexception [:reason, :operation]

  @type t :: %__MODULE__{reason: Linkspan.reason(), operation: Linkspan.operation() | nil}

  @impl true
  def message(%{reason: reason, operation: operation}) do
    words = reason |> :linkspan_reason.format() |> IO.chardata_to_string()
    if operation, do: "#{inspect(operation)}: #{words}", else: words
  end
end
