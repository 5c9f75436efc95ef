defmodule ElixirAppTest do
  use ExUnit.Case, async: false
  alias ElixirApp.{Calculator, Tally, Words}

  test "each service runs in its host" do
    hosts = for server <- [Tally, Words, Calculator], do: Linkspan.info(server).host
    assert hosts == [:driver, :nif, :program]
  end

  test "senders are counted, and answered" do
    assert ElixirApp.ask("ada", "1 + 2 * 3") == {:ok, 7.0}
    assert ElixirApp.ask("ada", "2 * (3 + 4) / 7") == {:ok, 2.0}
    assert Tally.counts!(Tally)["ada"] == 2
    assert {:error, {:service, 1, "at 5: " <> _}} = ElixirApp.ask("ada", "1 + *")
    assert {:error, {:bad_request, "argument sender" <> _}} = ElixirApp.ask(:ada, "1")
    assert Tally.forget(Tally, "ada") == :ok
    refute Map.has_key?(Tally.counts!(Tally), "ada")
  end

  test "words are counted" do
    text = "the cat and the dog and the bird"

    assert Words.frequent!(Words, text, 2) == [
             %{word: "the", times: 3},
             %{word: "and", times: 2}
           ]
  end

  @tag :capture_log
  test "a formula may bring its program down, and nothing else" do
    before = for server <- [Tally, Words], do: GenServer.whereis(server)
    doomed = GenServer.whereis(Calculator)
    monitor = Process.monitor(doomed)

    # Deeper than any stack.
    formula = String.duplicate("(", 3_000_000)
    assert {:error, {how, _}} = Calculator.evaluate(Calculator, formula, :infinity)
    assert how in [:exit, :signal]
    assert_receive {:DOWN, ^monitor, :process, ^doomed, _}, 30_000

    assert restarted(doomed, 1000)
    assert Calculator.evaluate!(Calculator, "6 * 7") == 42.0
    assert before == for(server <- [Tally, Words], do: GenServer.whereis(server))
  end

  # Its supervisor is at it: asking it means waiting for it.
  defp restarted(doomed, times) when times > 0 do
    [_ | _] = Supervisor.which_children(ElixirApp.Supervisor)

    case GenServer.whereis(Calculator) do
      pid when is_pid(pid) and pid != doomed -> pid
      _ -> restarted(doomed, times - 1)
    end
  end
end
