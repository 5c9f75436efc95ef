defmodule Bench.Groups.Inline do
  @moduledoc false
  # Requests so short that they run where the caller is: the boundary itself, and what a process costs instead.

  alias Bench.Peers.{CNif, RawNif, RustlerNif}
  alias Bench.{Subject, Work}

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    floors(peers, Work.copy(16)) ++
      Enum.flat_map(Enum.uniq([0, 16, 64 | plan.sizes]), &exact(peers, Work.copy(&1))) ++
      Enum.flat_map(plan.sizes, &sized(peers, Work.copy(&1))) ++
      only_small(peers, Work.copy(16)) ++ errors(peers)
  end

  defp floors(peers, %Work{label: label, body: body}) do
    %{process: process, gen_server: server} = peers
    identity = Function.capture(__MODULE__, :identity, 1)

    echo = fn ->
      send(process, {self(), body})
      receive(do: ({^process, ^body} -> :ok))
    end

    call = fn -> ^body = :gen_server.call(server, body) end

    [
      Subject.new(:function, label, fn -> ^body = identity.(body) end),
      Subject.new(:process, label, echo),
      Subject.new(:gen_server, label, call),
      Subject.new(:gen_server_again, label, call)
    ]
  end

  @doc "The floor of all floors: a function in another module that returns what it is given."
  @spec identity(term()) :: term()
  def identity(body), do: body

  # What is compared to a few nanoseconds stands side by side.
  defp exact(peers, %Work{label: label, number: number, body: body}) do
    %{c_driver: driver, driver_trait: trait, driver: instance} = peers
    %{port: port} = Linkspan.info(instance)
    control = fn -> ^body = :erlang.port_control(driver, number, body) end

    service = fn -> ^body = :erlang.port_control(port, number, body) end

    drivers = [
      Subject.new(:c_driver, label, control),
      Subject.new(:driver_trait, label, fn ->
        ^body = :erlang.port_control(trait, number, body)
      end),
      Subject.new(:c_driver_again, label, control)
    ]

    # The service has what is longer deferred.
    if byte_size(body) <= 65_536,
      do: drivers ++ [Subject.new(:service_control, label, service)],
      else: drivers
  end

  defp sized(peers, %Work{label: label, number: number, body: body}) do
    %{driver: driver, nif: nif} = peers

    [
      Subject.new(:c_nif, label, fn -> ^body = CNif.inline(number, body) end),
      Subject.new(:rustler_nif, label, fn -> ^body = RustlerNif.inline(number, body) end),
      Subject.new(:nif_call, label, fn -> {:ok, ^body} = Linkspan.call(nif, :copy, body) end),
      Subject.new(:driver_call, label, fn -> {:ok, ^body} = Linkspan.call(driver, :copy, body) end)
    ]
  end

  defp only_small(%{driver: driver, server: server}, %Work{label: label, body: body} = work) do
    [
      Subject.new(:raw_nif, label, fn -> ^body = RawNif.inline(work.number, body) end),
      Subject.new(:driver_call_erlang, label, fn ->
        {:ok, ^body} = :linkspan.call(driver, :copy, body, 5000)
      end),
      # Nothing is declared of what it costs.
      Subject.new(:driver_call_learnt, label, fn ->
        {:ok, ^body} = Linkspan.call(driver, :copy_learn, body)
      end),
      Subject.new(:driver_call_pid, label, fn ->
        {:ok, ^body} = Linkspan.call(server, :copy, body)
      end)
    ]
  end

  defp errors(%{c_driver: c_driver, driver: driver, nif: nif}) do
    %Work{number: fail} = Work.error(:fail)

    [
      Subject.new(:c_driver, "fail", fn ->
        :badarg = catch_error(fn -> :erlang.port_control(c_driver, fail, "") end)
      end),
      Subject.new(:c_nif, "fail", fn -> :failed = catch_error(fn -> CNif.inline(fail, "") end) end),
      Subject.new(:rustler_nif, "fail", fn ->
        :failed = catch_error(fn -> RustlerNif.inline(fail, "") end)
      end)
    ] ++ service_errors(:driver_call, driver) ++ service_errors(:nif_call, nif)
  end

  defp service_errors(name, instance) do
    [
      Subject.new(name, "fail", fn ->
        {:error, {:service, 5, "failed"}} = Linkspan.call(instance, :fail)
      end),
      Subject.new(name, "panic", fn ->
        {:error, {:panic, "told to panic" <> _}} = Linkspan.call(instance, :panic)
      end)
    ]
  end

  defp catch_error(call) do
    call.()
  catch
    :error, reason -> reason
  end
end
