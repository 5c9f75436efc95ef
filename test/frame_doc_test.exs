# What docs/frame.md shows is true: its examples, played to both hosts.
defmodule Linkspan.FrameDocTest do
  use ExUnit.Case, async: true

  @path Path.expand("../docs/frame.md", __DIR__)
  @page File.read!(@path)
  @bound 10_000

  # {line of the fence, kind of the block, words behind it, text}
  blocks =
    for [fence, kind, words, text] <-
          Regex.scan(~r/^```(\w+) ?([^\n]*)\n(.*?)^```$/ms, @page, return: :index) do
      [kind, words, text] =
        for {at, size} <- [kind, words, text], do: binary_part(@page, at, size)

      before = binary_part(@page, 0, elem(fence, 0))
      {length(String.split(before, "\n")), kind, words, text}
    end

  @blocks blocks

  setup do
    :ok = :linkspan.load()
    Process.flag(:trap_exit, true)
    :ok
  end

  for {line, "frames", command, text} <- blocks, host <- [:driver, :program] do
    test "line #{line}: the #{host} answers as it says" do
      port = open(unquote(host), unquote(command), packet: 4)
      for step <- steps(unquote(text)), do: play(step, port)
      refute_received {^port, {:data, _}}
    end
  end

  # On the descriptors themselves: the VM adds nothing.
  for {line, "wire", command, text} <- blocks do
    test "line #{line}: the program reads and writes what it says" do
      port = open(:program, unquote(command), [])
      for step <- steps(unquote(text)), do: play_bytes(step, port)
    end
  end

  for {line, "erlang", _words, text} <- blocks do
    test "line #{line}: the Erlang code runs" do
      {:ok, tokens, _} = unquote(text) |> String.to_charlist() |> :erl_scan.string()
      {:ok, expressions} = :erl_parse.parse_exprs(tokens)
      task = Task.async(fn -> :erl_eval.exprs(expressions, []) end)
      assert {:value, _, _} = Task.await(task, @bound)
    end
  end

  test "every block is of a kind that is tested, or a diagram" do
    kinds = for {_, kind, _, _} <- @blocks, uniq: true, do: kind
    assert Enum.sort(kinds) == ["erlang", "frames", "text", "wire"]
    assert length(String.split(@page, "\n```")) == 2 * length(@blocks) + 1
  end

  test "each request and each answer has an example" do
    shown =
      for {_, "frames", _, text} <- @blocks,
          {direction, [<<kind, _::binary>> | _]} <- steps(text),
          uniq: true,
          do: {direction, kind}

    for kind <- [1, 2, 3, 4, 5, 6, 7, 9, 10], do: assert({">", kind} in shown)
    for kind <- 0x81..0x83, do: assert({"<", kind} in shown)
  end

  defp open(:driver, command, _settings),
    do: Port.open({:spawn_driver, String.to_charlist("linkspan " <> command)}, [:binary])

  defp open(:program, command, settings) do
    program = Path.join(:code.priv_dir(:linkspan), "linkspan_program")
    arguments = String.split(command, " ", parts: 2, trim: true)
    settings = settings ++ [:binary, :nouse_stdio, args: arguments]
    Port.open({:spawn_executable, program}, settings)
  end

  # Steps like "> 01 00 # remark". Bytes that depend on the build, "..", divide an answer into parts.
  defp steps(text) do
    bytes = String.replace(text, ~r/\s*(#.*)?$/m, "")

    for <<direction::binary-1, hex::binary>> <- String.split(bytes, ~r/^(?=[<>])/m, trim: true) do
      parts = hex |> String.replace(~r/\s/, "") |> String.split("..")
      {direction, Enum.map(parts, &Base.decode16!(&1, case: :lower))}
    end
  end

  defp play({">", [frame]}, port), do: Port.command(port, frame)

  defp play({"<", parts}, port) do
    assert_receive {^port, {:data, data}}, @bound
    assert_like(data, parts)
  end

  defp play_bytes({">", [bytes]}, port), do: Port.command(port, bytes)
  defp play_bytes({"<", [bytes]}, port), do: assert(received(port, "", byte_size(bytes)) == bytes)

  defp received(_port, bytes, size) when byte_size(bytes) >= size, do: bytes

  defp received(port, bytes, size) do
    assert_receive {^port, {:data, more}}, @bound
    received(port, bytes <> more, size)
  end

  defp assert_like(data, [all]), do: assert(hex(data) == hex(all))

  defp assert_like(data, parts) do
    pattern = Enum.map_join(parts, ".*", &hex/1)
    assert hex(data) =~ Regex.compile!("^#{pattern}$")
  end

  defp hex(bytes), do: for(<<byte <- bytes>>, do: Base.encode16(<<byte>>) <> " ", into: "")
end
