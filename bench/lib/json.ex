defmodule Bench.Json do
  @moduledoc false
  # JSON there and back, which OTP has only from 27 on. What is read is what was written here.

  @doc "Writes maps with atoms or strings as keys, lists, strings, atoms, numbers and nil."
  @spec encode(term()) :: iodata()
  def encode(nil), do: "null"
  def encode(value) when is_boolean(value), do: Atom.to_string(value)
  def encode(value) when is_atom(value), do: string(Atom.to_string(value))
  def encode(value) when is_binary(value), do: string(value)
  def encode(value) when is_integer(value), do: Integer.to_string(value)
  def encode(value) when is_float(value), do: :erlang.float_to_binary(value, [:short])
  def encode(value) when is_list(value), do: ["[", values(Enum.map(value, &encode/1)), "]"]

  def encode(value) when is_map(value) do
    pairs = for {key, value} <- Enum.sort(value), do: [string(to_string(key)), ":", encode(value)]
    ["{", values(pairs), "}"]
  end

  @doc "As `encode/1`, but with a line for each key, and for each element of its list."
  @spec encode_lines([{String.t(), term()}]) :: iodata()
  def encode_lines(pairs) do
    lines =
      for {key, value} <- pairs do
        [
          string(key),
          ": ",
          if(is_list(value), do: lines("[", Enum.map(value, &encode/1), "]"), else: encode(value))
        ]
      end

    [lines("{", lines, "}"), "\n"]
  end

  defp lines(open, lines, close), do: [open, "\n", Enum.intersperse(lines, ",\n"), "\n", close]
  defp values(values), do: Enum.intersperse(values, ",")

  defp string(text), do: [?", for(<<byte <- text>>, do: escape(byte)), ?"]

  # Byte by byte: in UTF-8 every byte of a longer character is above all that needs an escape.
  defp escape(byte) when byte in [?", ?\\], do: [?\\, byte]
  defp escape(byte) when byte < 0x20, do: ["\\u00", Base.encode16(<<byte>>)]
  defp escape(byte), do: byte

  @doc "Reads JSON; objects become maps with strings as keys. Raises `ArgumentError` where it is none."
  @spec decode(String.t()) :: term()
  def decode(text) do
    case value(skip(text)) do
      {value, rest} -> if skip(rest) == "", do: value, else: wrong(rest)
    end
  end

  defp value("{" <> rest), do: pairs(skip(rest), %{})
  defp value("[" <> rest), do: elements(skip(rest), [])
  defp value(<<?", rest::binary>>), do: text(rest, [])
  defp value("null" <> rest), do: {nil, rest}
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}

  defp value(text) do
    case Regex.run(~r/^-?\d+(\.\d+)?([eE][-+]?\d+)?/, text) do
      [number] -> {String.to_integer(number), rest(text, number)}
      [number | _] -> {number |> Float.parse() |> elem(0), rest(text, number)}
      nil -> wrong(text)
    end
  end

  defp rest(text, read), do: binary_part(text, byte_size(read), byte_size(text) - byte_size(read))

  defp pairs("}" <> rest, map), do: {map, rest}

  defp pairs(<<?", rest::binary>>, map) do
    {key, rest} = text(rest, [])
    {value, rest} = rest |> skip() |> colon() |> skip() |> value()
    map = Map.put(map, key, value)

    case skip(rest) do
      "," <> rest -> pairs(skip(rest), map)
      rest -> pairs_end(rest, map)
    end
  end

  defp pairs(text, _map), do: wrong(text)

  defp colon(":" <> rest), do: rest
  defp colon(text), do: wrong(text)

  defp pairs_end("}" <> rest, map), do: {map, rest}
  defp pairs_end(text, _map), do: wrong(text)

  defp elements("]" <> rest, list), do: {Enum.reverse(list), rest}

  defp elements(text, list) do
    {value, rest} = value(text)

    case skip(rest) do
      "," <> rest -> elements(skip(rest), [value | list])
      "]" <> _ = rest -> elements(rest, [value | list])
      rest -> wrong(rest)
    end
  end

  defp text(<<?", rest::binary>>, read),
    do: {read |> Enum.reverse() |> IO.iodata_to_binary(), rest}

  defp text(<<"\\u", code::binary-4, rest::binary>>, read),
    do: text(rest, [<<String.to_integer(code, 16)::utf8>> | read])

  defp text(<<?\\, byte, rest::binary>>, read) when byte in [?", ?\\, ?/],
    do: text(rest, [byte | read])

  defp text(<<byte, rest::binary>>, read) when byte != ?\\, do: text(rest, [byte | read])
  defp text(text, _read), do: wrong(text)

  defp skip(<<space, rest::binary>>) when space in ~c" \n\r\t", do: skip(rest)
  defp skip(text), do: text

  @spec wrong(String.t()) :: no_return()
  defp wrong(text), do: raise(ArgumentError, "no JSON: #{inspect(String.slice(text, 0, 40))}")
end
