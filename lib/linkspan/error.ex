defmodule Linkspan.Error do
  @moduledoc "What `Linkspan.call!/4` raises: the `reason` of the error, the `service` and the `operation` that was asked."

  defexception [:reason, :service, :operation]

  @typedoc "A failed call: why, and of which service and operation, where that is known."
  @type t :: %__MODULE__{
          reason: Linkspan.reason(),
          service: binary() | nil,
          operation: Linkspan.operation() | nil
        }

  @doc false
  # The value of a result, or the exception for its reason.
  @spec value!(
          {:ok, value} | {:error, Linkspan.reason()},
          Linkspan.server(),
          Linkspan.operation()
        ) ::
          value
        when value: term()
  def value!({:ok, value}, _server, _operation), do: value
  def value!({:error, reason}, server, operation), do: raise(of(reason, server, operation))

  @doc false
  # What has become of an operation.
  @spec of(Linkspan.reason(), Linkspan.server(), Linkspan.operation()) :: t()
  def of(reason, server, operation) do
    service = with :undefined <- :linkspan.service(server), do: nil
    %__MODULE__{reason: reason, service: service, operation: operation}
  end

  @impl true
  def message(%{reason: reason, service: service, operation: operation}) do
    words = reason |> :linkspan_reason.format() |> IO.chardata_to_string()
    asked = if operation, do: "#{inspect(operation)} of ", else: ""
    "#{asked}#{service || "a closed instance"}: #{words}"
  end
end
