defmodule Bench.Work do
  @moduledoc false
  # What is asked for, and what the answer must be. The kernels are those of baseline/kernels.h.

  alias Bench.Peers.CNif

  @kernels %{nop: 1, copy: 2, checksum: 3, spin: 4, fail: 5, panic: 6}

  # Bodies are made of it.
  @pattern for(byte <- 0..255, into: <<>>, do: <<byte>>)

  @enforce_keys [:label, :kernel, :number, :body, :reply]
  defstruct @enforce_keys

  @type kernel :: :nop | :copy | :checksum | :spin | :fail | :panic
  @type t :: %__MODULE__{
          label: String.t(),
          kernel: kernel(),
          number: pos_integer(),
          body: binary(),
          reply: binary() | nil
        }

  @spec nop(non_neg_integer()) :: t()
  def nop(size), do: new(:nop, size(size), body(size), "")

  @spec copy(non_neg_integer()) :: t()
  def copy(size), do: new(:copy, size(size), body(size), body(size))

  @spec checksum(non_neg_integer()) :: t()
  def checksum(size), do: computed(:checksum, size(size), body(size))

  @doc "Microseconds of work, `steps_per_us` as `calibrate/0` has found."
  @spec spin(pos_integer(), float()) :: t()
  def spin(us, steps_per_us),
    do: computed(:spin, time(us), <<round(us * steps_per_us)::native-64>>)

  @doc "What ends in an error, of an empty body."
  @spec error(:fail | :panic) :: t()
  def error(kernel), do: new(kernel, "", "", nil)

  @doc "How many steps of `spin` this machine does in a microsecond: the best of several tries."
  @spec calibrate() :: float()
  def calibrate do
    steps = 1_000_000
    body = <<steps::native-64>>
    tries = for _ <- 1..20, do: :timer.tc(CNif, :inline, [@kernels.spin, body]) |> elem(0)
    steps / Enum.min(tries)
  end

  # The C kernel is right by definition: all the others must answer the same.
  defp computed(kernel, of, body),
    do: new(kernel, of, body, CNif.dirty_cpu(@kernels[kernel], body))

  defp new(kernel, of, body, reply) do
    label = String.trim("#{kernel} #{of}")
    %__MODULE__{label: label, kernel: kernel, number: @kernels[kernel], body: body, reply: reply}
  end

  defp body(size),
    do: @pattern |> :binary.copy(div(size, 256) + 1) |> binary_part(0, size) |> :binary.copy()

  defp size(size) when size >= 1_048_576, do: "#{div(size, 1_048_576)} MiB"
  defp size(size) when size >= 1024, do: "#{div(size, 1024)} KiB"
  defp size(size), do: "#{size} B"

  defp time(us) when us >= 1000, do: "#{div(us, 1000)} ms"
  defp time(us), do: "#{us} us"
end
