defmodule Linkspan.TelemetryHandlers do
  @moduledoc false
  # The module `telemetry`, for documents that attach handlers: attached ones are called, as by the library.

  def define do
    Module.create(
      :telemetry,
      quote do
        @table __MODULE__

        def attach(id, event, handler, config) do
          :ets.insert(@table, {id, event, handler, config})
          :ok
        end

        def execute(event, measurements, metadata) do
          for {_id, ^event, handler, config} <- :ets.tab2list(@table),
              do: handler.(event, measurements, metadata, config)

          :ok
        end
      end,
      Macro.Env.location(__ENV__)
    )

    :ets.new(:telemetry, [:named_table, :public])

    ExUnit.Callbacks.on_exit(fn ->
      :code.delete(:telemetry)
      :code.purge(:telemetry)
    end)
  end
end
