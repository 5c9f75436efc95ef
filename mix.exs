defmodule Linkspan.MixProject do
  use Mix.Project

  # The version is written once for Erlang and Elixir; a test compares it with Cargo.toml.
  {:ok, [{:application, :linkspan, app}]} =
    :file.consult(Path.join(__DIR__, "src/linkspan.app.src"))

  @app app

  def project do
    [
      app: :linkspan,
      version: to_string(@app[:vsn]),
      description: to_string(@app[:description]),
      elixir: "~> 1.14",
      # The compiler is one of ours, and for once comes after the others, which compile it.
      compilers: Mix.compilers() ++ [:linkspan],
      linkspan: [target: "target", arguments: ["--locked"]],
      erlc_options: [:debug_info, :warnings_as_errors, :warn_missing_spec],
      elixirc_options: [warnings_as_errors: true],
      elixirc_paths: elixirc_paths(Mix.env()),
      start_permanent: Mix.env() == :prod,
      # Newer versions of Elixir wonder about what is no test there.
      test_ignore_filters: [&String.starts_with?(&1, ["test/support/", "test/soak/"])],
      deps: []
    ]
  end

  # `make bench` has an environment of its own; what it does with its figures is tested.
  defp elixirc_paths(env) when env in [:bench, :test], do: ["lib", "bench/lib"]
  defp elixirc_paths(_env), do: ["lib"]

  def application do
    [mod: @app[:mod], registered: @app[:registered], extra_applications: []]
  end
end
