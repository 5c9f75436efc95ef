# The JavaScript service as a client sees it, in every host.
for host <- [:driver, :nif, :program] do
  defmodule Module.concat(Linkspan.ScriptTest, host) do
    use ExUnit.Case, async: true
    import Linkspan.Eventually

    @host host
    @moduletag host: host
    @bound 30_000

    defp script(options \\ []), do: start([service: :script, host: @host] ++ options)

    test "eval keeps state between calls, and instances share nothing" do
      js = script()
      assert Linkspan.cast(js, :eval, "a = 1") == :ok
      assert Linkspan.cast(js, :eval, "while (a < 10) a *= 3") == :ok
      assert Linkspan.call(js, :eval, "a") == {:ok, "27"}
      assert Linkspan.call(script(), :eval, "typeof a") == {:ok, "undefined"}
    end

    test "call takes a function's name and JSON arguments, and gives JSON" do
      js = script()
      {:ok, _} = Linkspan.call(js, :eval, "function both(a, b) { return { a, b: [b, 'é'] } }")

      assert Linkspan.call(js, :call, ~s(["both", 1, {"x": null}])) ==
               {:ok, ~s({"a":1,"b":[{"x":null},"é"]})}

      assert Linkspan.call(js, :call, ~s(["Math.max", 1, 3, 2])) == {:ok, "3"}

      assert {:error, {:service, 4, "no function nothing"}} =
               Linkspan.call(js, :call, ~s(["nothing"]))

      assert {:error, {:bad_request, _}} = Linkspan.call(js, :call, "no JSON")
    end

    test "an uncaught exception has message, file, line and stack, and the interpreter lives on" do
      js = script()
      assert {:error, {:service, 1, message}} = Linkspan.call(js, :eval, "a = 1\nnothing()")
      assert message =~ "eval:2: ReferenceError: nothing is not defined"
      assert message =~ "at <eval> (eval:2:"
      assert Linkspan.call(js, :eval, "a") == {:ok, "1"}
    end

    test "a caller's time-out stops the running script" do
      js = script()
      assert Linkspan.call(js, :eval, "for (;;);", 50) == {:error, :timeout}
      # Not before the loop has stopped is there an answer to this.
      assert Linkspan.call(js, :eval, "1 + 1", @bound) == {:ok, "2"}
      assert %{counts: %{cancelled: 1}} = Linkspan.info(js)
    end

    @tag :capture_log
    test "a short call runs at once; one that does not end is stopped, and sends the next to the workers" do
      js = script(argument: ~s|{"source": "function f(x) { while (x); return [x] }"}|)
      short = fn -> Linkspan.call(js, :call_short, ~s(["f", 0])) == {:ok, "[0]"} end
      # The worker that started it may still be at it.
      eventually(fn -> short.() and Linkspan.info(js).counts.inline > 0 end)

      assert {:error, {:service, 2, why}} = Linkspan.call(js, :call_short, ~s(["f", 1]))
      assert why =~ "TimeLimit: stopped after 10 ms"

      %{deferred: deferred, overruns: 1} = Linkspan.info(js).counts
      assert short.()
      assert Linkspan.info(js).counts.deferred == deferred + 1
    end

    test "limits of time, memory and stack are errors that the interpreter survives" do
      js = script(argument: ~s({"time": 50}))
      assert {:error, {:service, 2, time}} = Linkspan.call(js, :eval, "for (;;);", @bound)
      assert time =~ "TimeLimit"
      assert Linkspan.call(js, :eval, "1 + 1", @bound) == {:ok, "2"}

      js = script(argument: ~s({"memory": 8388608, "stack": 131072}))
      grow = "x = []; for (;;) x.push('y'.repeat(1e5) + x.length)"
      assert {:error, {:service, 3, memory}} = Linkspan.call(js, :eval, grow, @bound)
      assert memory =~ "out of memory"
      deep = "function f() { return f() + 1 } f()"
      assert {:error, {:service, 1, stack}} = Linkspan.call(js, :eval, deep, @bound)
      assert stack =~ "RangeError"
      assert Linkspan.call(js, :eval, "x = 0; 1 + 1", @bound) == {:ok, "2"}
    end

    test "a start argument that is wrong names the key" do
      options = [service: :script, host: @host]

      assert {:error, {:bad_request, why}} =
               Linkspan.open(options ++ [argument: ~s({"memory": 1})])

      assert why =~ "memory"
      assert {:error, {:bad_request, why}} = Linkspan.open(options ++ [argument: ~s({"tiem": 1})])
      assert why =~ "tiem"

      assert {:error, {:service, 1, why}} =
               Linkspan.open(options ++ [argument: ~s({"source": "!"})])

      assert why =~ "source:1: SyntaxError"
    end

    test "many interpreters work at the same time" do
      1..20
      |> Enum.map(fn n ->
        Task.async(fn ->
          {:ok, js} = Linkspan.open(service: :script, host: @host)
          {:ok, _} = Linkspan.call(js, :eval, "n = #{n}; s = 0", @bound)
          for _ <- 1..20, do: {:ok, _} = Linkspan.call(js, :eval, "s += n", @bound)
          Linkspan.call(js, :eval, "s", @bound)
        end)
      end)
      |> Task.await_many(@bound)
      |> Enum.with_index(1)
      |> Enum.each(fn {sum, n} -> assert sum == {:ok, "#{20 * n}"} end)
    end
  end
end
