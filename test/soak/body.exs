# Bodies that tell whose they are: caller, number, and bytes that follow from them.
defmodule Linkspan.Soak.Body do
  @moduledoc false

  @kib 1024
  # Most are small; one in a hundred is a mebibyte.
  @sizes List.duplicate(0, 5) ++
           List.duplicate(16, 40) ++
           List.duplicate(65, 20) ++
           List.duplicate(@kib, 20) ++
           List.duplicate(40 * @kib, 10) ++
           List.duplicate(200 * @kib, 4) ++ [@kib * @kib]

  def prepare, do: :persistent_term.put(__MODULE__, :rand.bytes(2 * @kib * @kib))

  def make(caller, number, size \\ Enum.random(@sizes)) do
    start = rem(number * 7919, @kib * @kib)
    part = binary_part(:persistent_term.get(__MODULE__), start, size)
    <<caller::32, number::64, part::binary>>
  end

  # Whose request something is the answer to.
  def whose(<<caller::32, number::64, _::binary>>), do: {caller, number}
  def whose(_other), do: nil
end
