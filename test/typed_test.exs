# Services by their functions, in every host.
defmodule Linkspan.TypedTest.Sum do
  use Linkspan, otp_app: :linkspan, library: "sum"
end

for host <- [:driver, :nif, :program] do
  defmodule Module.concat(Linkspan.TypedTest, host) do
    use ExUnit.Case, async: true
    import Bitwise
    alias Linkspan.TypedTest.Sum

    @host host

    defp sum(total \\ 5) do
      start_supervised!({Sum, start: [total: total], host: @host}, restart: :temporary)
    end

    test "an operation is a function" do
      sum = sum()
      assert Sum.add(sum, 3) == {:ok, 8}
      assert Sum.add!(sum, 2) == 10
      assert Sum.total(sum) == {:ok, 10}
      assert Sum.divide(sum, 3, :up) == {:ok, 4}
      assert Sum.divide(sum, 3, :down) == {:ok, 3}
      assert Sum.clear(sum) == :ok
      assert Sum.reset(sum) == :ok
      assert Sum.total(sum) == {:ok, 0}
      assert Sum.greet(sum, "Ada", 2) == {:ok, ["hello Ada", "hello Ada"]}
      assert Sum.whereabouts(sum) == {:ok, {"#{@host}", true}}
      assert Sum.reversed(sum, "abc") == {:ok, "cba"}
      points = %{"a" => %{x: 1.0, y: 2.0, name: nil}, "b" => %{x: 3.0, y: 4.0, name: "b"}}
      assert Sum.middle(sum, points) == {:ok, %{x: 2.0, y: 3.0, name: nil}}
      assert Sum.middle(sum, %{}) == {:ok, nil}
    end

    test "a stream is an enumerable of terms" do
      sum = sum()
      assert sum |> Sum.steps(3) |> Enum.take(4) == [5, 8, 11, 14]
      assert sum |> Sum.steps(-1, window: 1) |> Stream.take_while(&(&1 > 0)) |> Enum.sum() == 15
      error = assert_raise Linkspan.Error, fn -> sum |> Sum.steps("3") |> Enum.take(1) end
      assert {:bad_request, "argument step" <> _} = error.reason
      assert Sum.add(sum, 0) == {:ok, 5}
    end

    test "an argument may have any name" do
      sum = sum()
      assert Sum.behind(sum, [1, 2], 3, nil, 1) == {:ok, [2, 3]}
      assert Sum.behind!(sum, "abc", 3, 4, 4, 1000) == [4]

      assert {:error, {:bad_request, "argument type (byte " <> _}} =
               Sum.behind(sum, [], 3, :four, 0)
    end

    test "a long term goes there and comes back" do
      sum = sum()
      bytes = :binary.copy(<<7>>, 100_000)

      assert Sum.behind(sum, bytes, 3, nil, 1) ==
               {:ok, :binary.bin_to_list(bytes, 1, 99_999) ++ [3]}

      assert {:ok, [long, long]} = Sum.greet(sum, bytes, 2)
      assert byte_size(long) == 100_006
    end

    test "a form with an exclamation mark raises" do
      sum = sum()
      assert Sum.reset!(sum) == :ok
      assert Sum.reversed!(sum, "abc") == "cba"
      :ok = Linkspan.stop(sum)

      for {name, ask} <- [
            add: fn -> Sum.add!(sum, 1) end,
            reset: fn -> Sum.reset!(sum) end,
            reversed: fn -> Sum.reversed!(sum, "") end,
            steps: fn -> sum |> Sum.steps(1) |> Enum.take(1) end
          ] do
        assert %{operation: ^name, reason: :closed} = assert_raise(Linkspan.Error, ask)
      end
    end

    test "what the service refuses is an error" do
      sum = sum()
      assert Sum.divide(sum, 0, :up) == {:error, {:service, 3, "there is no such quotient"}}

      assert_raise Linkspan.Error, ~r/:divide of sum: .*quotient/, fn ->
        Sum.divide!(sum, 0, :up)
      end

      assert {:error, {:service, 2, _}} = Sum.add(sum, 0x7FFFFFFFFFFFFFFF)
    end

    test "an argument of another type is named, with what was expected and what came" do
      sum = sum()

      for {call, why} <- [
            {fn -> Sum.add(sum, "3") end,
             "argument by (byte 3): expected an integer (i64), got a binary"},
            {fn -> Sum.add(sum, 1 <<< 70) end, "argument by (byte 3): expected an integer (i64)"},
            {fn -> Sum.greet(sum, :ada, 1) end, "argument name (byte 3): expected a string"},
            {fn -> Sum.divide(sum, 3, :sideways) end, "argument rounding"},
            {fn -> Sum.middle(sum, %{"a" => %{x: 1.0}}) end, "argument points"}
          ] do
        assert {:error, {:bad_request, text}} = call.()
        assert String.starts_with?(text, why)
      end

      assert {:error, {:bad_request, text}} = :linkspan.call_term(sum, 1, {}, 5000)
      assert text =~ "a tuple of 1"
      assert {:error, {:bad_request, _}} = Linkspan.call(sum, :add, "no term")
      assert Sum.total(sum) == {:ok, 5}
    end

    test "the start argument is typed as well" do
      Process.flag(:trap_exit, true)
      options = [host: @host]
      start = &Sum.start_link([start: &1] ++ options)
      assert start.(total: -1) == {:error, {:service, 1, "a sum begins at 0 or above"}}
      assert {:error, {:bad_request, "argument total" <> _}} = start.(total: "much")
      assert_raise ArgumentError, "option :start needs total", fn -> start.([]) end
      assert_raise ArgumentError, ~r/has by, which/, fn -> start.(total: 1, by: 2) end
      assert {:ok, sum} = Sum.open([start: [total: 7]] ++ options)
      assert Sum.total(sum) == {:ok, 7}
    end
  end
end

defmodule Linkspan.TypedDirtyTest do
  use ExUnit.Case, async: true
  alias Linkspan.TypedTest.Sum

  # Only the nif host has dirty schedulers.
  test "terms travel to and from a dirty scheduler" do
    {:ok, sum} = Sum.open(start: [total: 1], host: :nif, deferred: :dirty_cpu)
    assert Sum.behind(sum, [1, 2], 3, nil, 1) == {:ok, [2, 3]}
    assert Sum.add(sum, 1) == {:ok, 2}
    assert {:error, {:bad_request, "argument by" <> _}} = Sum.add(sum, :one)
  end
end

defmodule Linkspan.TypedModuleTest do
  # Sets a compiler option.
  use ExUnit.Case, async: false
  alias Linkspan.TypedTest.Sum

  # While test files are loaded, `mix test` keeps no debug information; specs are part of it.
  defp module(code) do
    Code.put_compiler_option(:debug_info, true)
    Code.compile_string(code)
  end

  test "functions have the author's words, argument names and types" do
    [{module, binary}] =
      module(~s|defmodule Documented do use Linkspan, otp_app: :linkspan, library: "sum" end|)

    {:ok, specs} = Code.Typespec.fetch_specs(binary)

    spec = fn name ->
      for {^name, [spec]} <- specs,
          do: Macro.to_string(Code.Typespec.spec_to_quoted(elem(name, 0), spec))
    end

    assert spec.({:add, 3}) == [
             "add(Linkspan.server(), integer(), timeout()) :: {:ok, integer()} \| {:error, Linkspan.reason()}"
           ]

    assert [divide] = spec.({:divide, 4})
    assert divide =~ ":down | :up"
    assert {:add, 2} in module.__info__(:functions)
    assert {:add!, 3} in module.__info__(:functions)
  end

  test "a library that has changed is refused with what differs" do
    Process.flag(:trap_exit, true)
    path = Path.join(:code.priv_dir(:linkspan), "native/sum.so")
    {:ok, {hash, description}} = :linkspan_typed.describe(path, "sum")
    options = [service: :sum, argument: :erlang.term_to_binary({1})]
    assert {:ok, _} = :linkspan.open(options, {hash, description})
    # Another build that says the same.
    assert {:ok, _} = :linkspan.open(options, {"other", description})

    [add, total | rest] = description.operations
    changed = %{add | arguments: [%{name: "by", type: :float}]}
    gone = %{total | number: 77, name: "mean"}
    other = {"other", %{description | operations: [changed, gone | rest], start: []}}

    for start <- [:open, :start_link] do
      assert {:error, {:library_changed, differences}} = apply(:linkspan, start, [options, other])

      assert differences == [
               "start takes other arguments",
               "operation add has other arguments",
               "operation mean is gone"
             ]
    end
  end

  test "what cannot be used says so when it is compiled" do
    for {options, message} <- [
          {~s|otp_app: :linkspan, library: "nowhere"|, ~r/nowhere.so.*compiler :linkspan/},
          {~s|otp_app: :linkspan, library: "echo"|, ~r/not typed/},
          {~s|library: "sum"|, ~r/wants the application/},
          {~s|otp_app: :linkspan, library: "sum", lib: 1|, ~r/knows no option :lib/}
        ] do
      assert_raise CompileError, message, fn ->
        module("defmodule Unusable do use Linkspan, #{options} end")
      end
    end
  end

  test "a typed call is one call" do
    {:ok, sum} = Sum.open(start: [total: 0])
    for n <- 1..1000, do: assert(Sum.add(sum, 1) == {:ok, n})
    assert Linkspan.info(sum).counts.inline > 900
  end
end
