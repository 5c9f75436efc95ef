defmodule Bench.Peers.CNif do
  @moduledoc false
  # The NIFs of baseline/nif.c.

  @spec load(Path.t()) :: :ok
  def load(folder), do: :ok = :erlang.load_nif(to_charlist(Path.join(folder, "nif")), 0)

  @spec inline(non_neg_integer(), binary()) :: binary()
  def inline(_kernel, _body), do: :erlang.nif_error(:not_loaded)

  @spec dirty_cpu(non_neg_integer(), binary()) :: binary()
  def dirty_cpu(_kernel, _body), do: :erlang.nif_error(:not_loaded)

  @spec dirty_io(non_neg_integer(), binary()) :: binary()
  def dirty_io(_kernel, _body), do: :erlang.nif_error(:not_loaded)

  @doc "What the pool of threads answers."
  @spec pool(non_neg_integer(), binary()) :: binary()
  def pool(kernel, body) do
    reference = make_ref()
    :ok = submit(kernel, body, reference)
    receive(do: ({^reference, answer} -> answer))
  end

  @spec submit(non_neg_integer(), binary(), reference()) :: :ok
  def submit(_kernel, _body, _reference), do: :erlang.nif_error(:not_loaded)
end
