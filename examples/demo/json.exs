# JSON text of strings, which OTP 25 cannot write. Reading JSON is left to JavaScript.

defmodule Demo.Json do
  @moduledoc false

  @doc "A list of UTF-8 strings as a JSON array."
  def array(strings), do: "[" <> Enum.map_join(strings, ",", &string/1) <> "]"

  @doc "A UTF-8 string as a JSON string (RFC 8259, section 7)."
  def string(text), do: <<?", for(<<byte <- text>>, into: "", do: escape(byte))::binary, ?">>

  # Byte by byte: in UTF-8 every byte of a longer character is above all that needs an escape.
  defp escape(?"), do: ~S(\")
  defp escape(?\\), do: ~S(\\)
  defp escape(?\n), do: ~S(\n)
  defp escape(byte) when byte < 0x20, do: <<"\\u00", Base.encode16(<<byte>>)::binary>>
  defp escape(byte), do: <<byte>>
end
