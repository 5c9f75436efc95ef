# examples/elixir_app, as its users have it: tested, released, moved and started, without cargo.
defmodule Linkspan.ElixirAppTest do
  use ExUnit.Case, async: true
  import Linkspan.Command

  @moduletag timeout: 300_000
  @app Path.expand("examples/elixir_app")

  setup_all do
    dir = Path.join(System.tmp_dir!(), "linkspan-app-#{System.unique_integer([:positive])}")
    File.mkdir_p!(dir)
    on_exit(fn -> File.rm_rf!(dir) end)
    %{dir: dir}
  end

  test "its tests pass" do
    assert run(@app, "mix", ["test"]) =~ ~r/0 failures|passed/
  end

  test "its release runs elsewhere, and without cargo", %{dir: dir} do
    built = Path.join(dir, "built")
    run(@app, "mix", ["release", "--path", built], env: [{"MIX_ENV", "prod"}])
    moved = Path.join(dir, "moved")
    File.rename!(built, moved)

    code = ~S"""
    hosts = for server <- [ElixirApp.Tally, ElixirApp.Words, ElixirApp.Calculator],
      do: Linkspan.info(server).host
    IO.inspect({hosts, ElixirApp.ask("ada", "6 * 7"), ElixirApp.Tally.counts(ElixirApp.Tally)})
    System.stop()
    """

    printed =
      run(dir, Path.join(moved, "bin/elixir_app"), ["eval", start() <> code],
        env: [path_without_cargo(dir)]
      )

    assert printed =~ ~s({[:driver, :nif, :program], {:ok, 42.0}, {:ok, %{"ada" => 1}}})
    refute printed =~ "cargo was asked"
    refute printed =~ @app
  end

  # `eval` starts nothing by itself.
  defp start, do: "{:ok, _} = Application.ensure_all_started(:elixir_app)\n"
end
