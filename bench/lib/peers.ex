defmodule Bench.Peers do
  @moduledoc false
  # Everything that is measured, loaded and opened once. All of it belongs to the calling process.

  alias Bench.Peers.{CDriver, CNif, Echo, OneAtATime, Pipelined, RawNif, RustlerNif}

  @type t :: %{atom() => term()}

  @doc "Loads what the others bring, from the folder that `Bench.Build` has filled."
  @spec load(Path.t()) :: :ok
  def load(folder) do
    for module <- [CNif, RustlerNif, RawNif, CDriver], do: :ok = module.load(folder)
    :ok
  end

  @spec open(Path.t()) :: t()
  def open(folder) do
    folder |> others() |> Map.merge(instances(library(folder)))
  end

  @doc "The library of the service that has the kernels."
  @spec library(Path.t()) :: Path.t()
  def library(folder), do: Path.join(folder, "service.so")

  @doc "Opens an instance of that service."
  @spec instance(Path.t(), keyword()) :: Linkspan.instance()
  def instance(library, options) do
    {:ok, instance} = Linkspan.open([service: :bench, library: library] ++ options)
    instance
  end

  defp others(folder) do
    packet = Path.join(folder, "packet")
    {:ok, echo} = GenServer.start_link(Echo, nil)
    {:ok, plain} = OneAtATime.start_link(packet, [])
    {:ok, buffered} = OneAtATime.start_link(packet, ["buffered"])
    {:ok, pipelined} = Pipelined.start_link(packet, ["buffered"])

    %{
      process: spawn_link(&echo/0),
      gen_server: echo,
      c_driver: CDriver.open(~c"inline_driver"),
      driver_trait: CDriver.open(~c"echo_drv"),
      c_driver_pool: CDriver.open(~c"deferred_driver pool"),
      c_driver_async: CDriver.open(~c"deferred_driver async"),
      c_program: plain,
      c_program_buffered: buffered,
      c_program_pipelined: pipelined
    }
  end

  defp instances(library) do
    schedulers = System.schedulers_online()
    {:ok, server} = Linkspan.start_link(service: :bench, library: library)

    %{
      library: library,
      driver: instance(library, host: :driver, on_panic: :keep),
      nif: instance(library, host: :nif, on_panic: :keep),
      nif_dirty_cpu: instance(library, host: :nif, deferred: :dirty_cpu),
      nif_dirty_io: instance(library, host: :nif, deferred: :dirty_io),
      program: instance(library, host: :program),
      driver_lanes: instance(library, host: :driver, lanes: schedulers),
      nif_lanes: instance(library, host: :nif, lanes: schedulers),
      server: server
    }
  end

  defp echo do
    receive do
      {from, body} -> send(from, {self(), body})
    end

    echo()
  end
end
