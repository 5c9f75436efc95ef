defmodule Mix.Tasks.Compile.LinkspanNative do
  @moduledoc "Builds the native code with cargo into `priv/`, by `native/build.sh`."
  use Mix.Task.Compiler

  @impl true
  def run(_arguments) do
    {_output, status} =
      System.cmd("sh", ["native/build.sh"], into: IO.stream(), stderr_to_stdout: true)

    if status != 0, do: Mix.raise("linkspan: the native code could not be built, see above")
    # Once more, now that there is a priv folder to link to.
    Mix.Project.build_structure()
    :ok
  end
end

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
      compilers: [:linkspan_native | Mix.compilers()],
      erlc_options: [:debug_info, :warnings_as_errors, :warn_missing_spec],
      elixirc_options: [warnings_as_errors: true],
      start_permanent: Mix.env() == :prod,
      deps: []
    ]
  end

  def application do
    [mod: @app[:mod], registered: @app[:registered], extra_applications: []]
  end
end
