# What `make bench` makes of its samples. That it measures anything is shown by `make bench`.

defmodule Linkspan.BenchTest do
  use ExUnit.Case, async: true

  alias Bench.{
    Blocks,
    Caller,
    Figures,
    Json,
    Judge,
    Measure,
    Results,
    Schema,
    Statistics,
    Subject
  }

  describe "statistics" do
    test "a quantile is one of the values" do
      assert Statistics.quantile([3, 1, 2], 0.5) == 2
      assert Statistics.quantile(Enum.to_list(1..1000), 0.99) == 990
      assert Statistics.quantile(Enum.to_list(1..1000), 0.999) == 999
      assert Statistics.quantile([7], 0.999) == 7
    end

    test "a median is in the middle" do
      assert Statistics.median([3, 1, 2]) == 2
      assert Statistics.median([4, 1, 2, 3]) == 2.5
    end

    test "a distribution ends with the longest" do
      assert Statistics.distribution(Enum.to_list(1..2000)) ==
               %{p50: 1000, p99: 1980, p999: 1998, max: 2000}
    end
  end

  describe "a caller" do
    test "notes each call, and those of a batch together" do
      counter = :counters.new(1, [])
      subject = Subject.new(:subject, "work", fn -> :counters.add(counter, 1, 1) end)

      for batch <- [1, 10] do
        pid = Caller.start(self(), subject, batch, 3)
        assert_receive {:ready, ^pid}
        send(pid, {:go, :erlang.monotonic_time(:nanosecond) + 1_000_000})
        assert_receive {:done, ^pid, %{calls: calls, count: count, latencies: latencies}}
        assert calls == :counters.get(counter, 1)
        assert count == min(div(calls, batch), 3)
        assert :atomics.get(latencies, 1) > 0
        :counters.put(counter, 1, 0)
      end
    end

    test "whose call fails ends" do
      Process.flag(:trap_exit, true)
      # An exit, as nobody logs it.
      pid = Caller.start(self(), Subject.new(:subject, "work", fn -> exit(:wrong) end), 1, 3)
      assert_receive {:ready, ^pid}
      send(pid, {:go, 0})
      assert_receive {:EXIT, ^pid, :wrong}
    end
  end

  describe "verdicts" do
    @pair {{:a, "x", 1}, {:b, "x", 1}}

    test "compare round by round, and take the median of runs" do
      # Twice as slow in every round, while the machine's pace changes.
      samples = for run <- 1..5, round <- 1..3, do: both(run, round, 2 * run * round, run * round)
      assert %{value: 2.0, spread: {2.0, 2.0}, pass: true} = judge(measure(:lower, 2.0), samples)
      assert %{pass: false} = judge(measure(:lower, 1.9), samples)
      assert %{pass: true} = judge(measure(:higher, 2.0), samples)
      assert %{pass: false} = judge(measure(:higher, 2.1), samples)
    end

    test "show how far runs are apart" do
      samples = for run <- 1..5, do: both(run, 1, run, 1)
      assert %{value: 3.0, spread: {1.0, 5.0}} = judge(measure(:lower, 3.0), samples)
    end

    test "are of the worst pair" do
      pairs = [@pair, {{:a, "y", 1}, {:b, "y", 1}}]

      samples =
        both(1, 1, 1, 1) ++ for({id, ns} <- [a: 3, b: 1], do: sample(1, 1, {id, "y", 1}, ns))

      for {direction, value, work} <- [{:lower, 3.0, "y"}, {:higher, 1.0, "x"}] do
        verdict = judge(%{measure(direction, 1.0) | pairs: pairs}, samples)
        assert %{value: ^value, pair: {{:a, ^work, 1}, _}} = verdict
      end
    end

    test "are none where nothing was measured" do
      assert %{value: nil, pass: nil} = judge(measure(:lower, 1.0), [])
    end

    test "take the worst of figures" do
      measure = %Measure{id: "figure", form: :figure, must: 0, direction: :lower}
      assert [%{value: 1, pass: false}] = Judge.verdicts([measure], [], %{figure: [0, 1, 0]})
    end

    test "count events of all runs together, of which there may be none" do
      events = %{measure(:lower, 1.0) | form: :events}
      assert %{value: 0.5, pass: true} = judge(events, both(1, 1, 0, 1))
      assert %{value: 2.0, pass: false} = judge(events, both(1, 1, 0, 1) ++ both(2, 1, 3, 0))
    end

    defp judge(measure, samples),
      do: [measure] |> Judge.verdicts(List.flatten([samples]), %{}) |> hd()

    defp measure(direction, must) do
      %Measure{
        id: "m",
        form: :ratio,
        metric: :p50,
        direction: direction,
        must: must,
        pairs: [@pair]
      }
    end

    defp both(run, round, a, b),
      do: [sample(run, round, {:a, "x", 1}, a), sample(run, round, {:b, "x", 1}, b)]

    defp sample(run, round, id, ns), do: {1, {run, round, id, %{p50: ns * 1.0}}}
  end

  describe "the table of measures" do
    @wanted ~w(driver_trait_control service_control_inline call_inline_vs_gen_server
      call_nif_minus_rustler_ns inline_10us_vs_c_nif deferred_p50_vs_dirty
      dirty_host_p50_vs_dirty deferred_c16_vs_dirty deferred_c256_vs_dirty body_8mib_vs_64b
      program_p50_vs_genserver_port program_c64_vs_genserver_port
      program_c64_vs_pipelined_genserver lanes_vs_one_c_port script_vs_node_port
      typed_call_vs_gen_server canary_p999_vs_dirty long_schedule_vs_dirty inline_over_1ms_cpu
      instance_100k_flatness idle_cpu_percent)

    test "has what was promised, each with a must" do
      measures = Map.new(Measure.all(), &{&1.id, &1})
      for id <- @wanted, do: assert(is_number(measures[id].must), id)
      assert map_size(measures) == length(Measure.all())
    end

    test "says what counts as CPU time" do
      cpu = Enum.find(Measure.all(), &(&1.id == "deferred_c16_vs_dirty_cpu"))
      assert %{metric: :cpu, must: 1.2, direction: :lower} = cpu
    end
  end

  describe "JSON" do
    test "comes back as it went" do
      value = %{"a" => [1, -2.5, 1.0e-7, nil, true, false], "b\"\\\n" => %{"é" => ""}, "c" => []}
      assert value |> Json.encode() |> IO.iodata_to_binary() |> Json.decode() == value
    end

    test "has a line for each element" do
      text = IO.iodata_to_binary(Json.encode_lines([{"a", 1}, {"b", [1, %{c: 2}]}]))
      assert text == ~s({\n"a": 1,\n"b": [\n1,\n{"c":2}\n]\n}\n)
    end

    test "that is none is refused" do
      for text <- ["", "{", "[1,", "[1 2]", ~s({"a"}), "nul", "1 2", ~s("a)] do
        assert_raise ArgumentError, fn -> Json.decode(text) end
      end
    end
  end

  describe "figures" do
    @results %{
      "machine" => %{"cores" => 2, "cpu" => "c", "kernel" => "k", "emulator" => "jit"},
      "commit" => "abc",
      "quick" => true,
      "runs" => 6,
      "otp" => "25"
    }

    test "take the place of what stood between the marks" do
      text = "a\n<!-- bench:measured -->\nold\n<!-- /bench -->\nb\n"
      filled = Figures.fill(text, @results)

      assert filled ==
               "a\n<!-- bench:measured -->\n#{Blocks.text("measured", @results)}<!-- /bench -->\nb\n"

      assert filled =~ "commit abc"
      assert Figures.fill(filled, @results) == filled
    end

    test "have a name that is known and an end" do
      for text <- ["<!-- bench:none -->\n<!-- /bench -->\n", "<!-- bench:measured -->\n"] do
        assert_raise ArgumentError, fn -> Figures.fill(text, @results) end
      end
    end

    test "in the documents are those measured last" do
      results = Results.read()
      assert Schema.wrong(results) == []

      for file <- Figures.documents(), text = File.read!(file) do
        assert Figures.fill(text, results) == text, "#{file}: run `make figures`"
      end
    end
  end

  test "the schema tells what is wrong, and where" do
    wrong = Schema.wrong(%{"schema" => 2, "measures" => [%{"id" => 1}], "more" => 1})
    assert "results.schema is 2" in wrong
    assert "results.measures[0].id is 1" in wrong
    assert "results.measures[0].value is missing" in wrong
    assert "results.rows is missing" in wrong
    assert "results.more is unknown" in wrong
  end
end
