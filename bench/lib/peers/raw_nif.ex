defmodule Bench.Peers.RawNif do
  @moduledoc false
  # The NIFs of native/raw_nif.

  @spec load(Path.t()) :: :ok
  def load(folder), do: :ok = :erlang.load_nif(to_charlist(Path.join(folder, "raw_nif")), 0)

  @spec inline(non_neg_integer(), binary()) :: binary()
  def inline(_kernel, _body), do: :erlang.nif_error(:not_loaded)
end
