defmodule ElixirApp.MixProject do
  use Mix.Project

  def project do
    [
      app: :elixir_app,
      version: "0.1.0",
      elixir: "~> 1.14",
      compilers: [:linkspan | Mix.compilers()],
      start_permanent: Mix.env() == :prod,
      deps: [{:linkspan, path: "../.."}]
    ]
  end

  def application do
    [mod: {ElixirApp, []}, extra_applications: [:logger]]
  end
end
