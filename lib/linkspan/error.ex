defmodule Linkspan.Error do
  @moduledoc "What `Linkspan.call!/4` raises: the `reason` of the error, the `service` and the `operation` that was asked."

  defexception [:reason, :service, :operation]

  @type t :: %__MODULE__{
          reason: Linkspan.reason(),
          service: binary() | nil,
          operation: Linkspan.operation() | nil
        }

  @impl true
  def message(%{reason: reason, service: service, operation: operation}) do
    words = reason |> :linkspan_reason.format() |> IO.chardata_to_string()
    asked = if operation, do: "#{inspect(operation)} of ", else: ""
    "#{asked}#{service || "a closed instance"}: #{words}"
  end
end
