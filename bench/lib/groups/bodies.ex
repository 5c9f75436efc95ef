defmodule Bench.Groups.Bodies do
  @moduledoc false
  # Large bodies, which travel by reference, against small ones on the same way: a frame written to the port.

  alias Bench.Peers.CDriver
  alias Bench.{Subject, Work}

  @sizes [64, 8 * 1_048_576]
  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, _plan) do
    frames = for size <- @sizes, do: frame(peers, Work.nop(size))
    written = for size <- @sizes, do: outputv(Work.nop(size))
    frames ++ written ++ for size <- [65_536 | @sizes], do: call(peers, Work.nop(size))
  end

  # A direct frame, which the client sends for what is long; here for what is short as well.
  defp frame(%{driver: driver}, %Work{label: label, number: number, body: body}) do
    %{port: port} = Linkspan.info(driver)

    Subject.new(:driver_frame, label, fn ->
      tag = :erlang.term_to_binary(reference = make_ref())
      head = <<8, byte_size(tag)::16, tag::binary, number::32, 0xFFFFFFFF::32, 0>>
      true = Port.command(port, [head, body])
      receive(do: ({^reference, 0, ""} -> :ok))
    end)
  end

  # It sends back what it gets.
  defp outputv(%Work{label: label, body: body}) do
    size = byte_size(body)

    prepare = fn ->
      port = CDriver.open(~c"inline_driver")

      fn ->
        true = Port.command(port, body)
        receive(do: ({^port, {:data, reply}} when byte_size(reply) == size -> :ok))
      end
    end

    %Subject{name: :c_driver_outputv, work: label, prepare: prepare}
  end

  defp call(%{driver: driver}, %Work{label: label, body: body}),
    do: Subject.new(:driver_call, label, fn -> {:ok, ""} = Linkspan.call(driver, :nop, body) end)
end
