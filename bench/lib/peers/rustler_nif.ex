defmodule Bench.Peers.RustlerNif do
  @moduledoc false
  # The NIFs of native/rustler_nif.

  @spec load(Path.t()) :: :ok
  def load(folder), do: :ok = :erlang.load_nif(to_charlist(Path.join(folder, "rustler_nif")), 0)

  @spec inline(non_neg_integer(), binary()) :: binary()
  def inline(_kernel, _body), do: :erlang.nif_error(:not_loaded)

  @spec dirty_cpu(non_neg_integer(), binary()) :: binary()
  def dirty_cpu(_kernel, _body), do: :erlang.nif_error(:not_loaded)
end
