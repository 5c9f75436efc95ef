defmodule Mix.Tasks.Linkspan.New do
  @shortdoc "Makes a service in Rust, with its module and tests"

  @moduledoc """
  Makes a typed service: a crate, the module that calls it, and a test of each.

      mix linkspan.new NAME

  NAME is the name of crate, library and service, for example `sum` or `image_scaler`. In the application `my_app` it
  becomes the folder `native/sum`, the module `MyApp.Sum` in `lib/my_app/sum.ex`, and `test/my_app/sum_test.exs`. The
  compiler `:linkspan` is added to `mix.exs`, if it is clear where; otherwise it says what to add. Nothing that exists is
  overwritten, and nothing is asked.
  """

  use Mix.Task

  @impl true
  @spec run([String.t()]) :: :ok
  def run([name]) do
    with {:error, why} <- :linkspan_template.check(String.to_charlist(name)),
         do: Mix.raise(IO.chardata_to_string(why))

    if Mix.Project.umbrella?(),
      do: Mix.raise("this is an umbrella: run mix linkspan.new in one of its applications")

    config = Mix.Project.config()
    names = names(name, config)
    files = crate(name, config) ++ [module(names), test(names)]

    for {path, _} <- [{"native/#{name}", ""} | files], File.exists?(path) do
      Mix.raise("#{path} exists already, and is left as it is: nothing has been made")
    end

    for {path, content} <- files, do: Mix.Generator.create_file(path, content)
    next_steps(names, compiler(config))
  end

  def run(_arguments),
    do: Mix.raise("mix linkspan.new wants one name, for example: mix linkspan.new sum")

  defp names(name, config) do
    app = to_string(config[:app])
    alias = Macro.camelize(name)
    module = "#{Macro.camelize(app)}.#{alias}"
    %{name: name, app: app, alias: alias, module: module, path: "#{app}/#{name}"}
  end

  defp crate(name, config) do
    path = Mix.Project.deps_paths()[:linkspan]
    unless path, do: Mix.raise("linkspan is not among the dependencies of #{config[:app]}")
    linkspan = Path.join(path, "native/linkspan")
    linkspan = if absolute?(config), do: linkspan, else: relative("native/#{name}", linkspan)

    for {path, content} <-
          :linkspan_template.crate(String.to_charlist(name), String.to_charlist(linkspan)),
        do: {to_string(path), IO.chardata_to_string(content)}
  end

  # Folders can be moved together, unless mix.exs says otherwise.
  defp absolute?(config) do
    path =
      Enum.find_value(config[:deps], fn
        {:linkspan, [_ | _] = options} -> options[:path]
        {:linkspan, _version, options} -> options[:path]
        _other -> nil
      end)

    is_binary(path) and Path.type(path) == :absolute
  end

  defp relative(from, to), do: up_and_down(Path.split(Path.expand(from)), Path.split(to))

  defp up_and_down([part | from], [part | to]), do: up_and_down(from, to)
  defp up_and_down(from, to), do: Path.join(Enum.map(from, fn _ -> ".." end) ++ to)

  defp module(names) do
    {"lib/#{names.path}.ex",
     """
     defmodule #{names.module} do
       # Its functions, with documentation and types, are those of native/#{names.name}/src/lib.rs.
       use Linkspan, otp_app: :#{names.app}, library: "#{names.name}"
     end
     """}
  end

  defp test(names) do
    {"test/#{names.path}_test.exs",
     """
     defmodule #{names.module}Test do
       use ExUnit.Case, async: true
       alias #{names.module}

       for host <- [:driver, :nif, :program] do
         test "adds up in the \#{host} host" do
           server = start_supervised!({#{names.alias}, start: [total: 5], host: unquote(host)})
           assert #{names.alias}.add(server, 3) == {:ok, 8}
           assert #{names.alias}.total!(server) == 8
           assert {:error, {:bad_request, "argument by" <> _}} = #{names.alias}.add(server, "three")
         end
       end
     end
     """}
  end

  # Whether the compiler is in mix.exs, or has been put there.
  defp compiler(config) do
    cond do
      :linkspan in (config[:compilers] || []) -> :known
      added() -> :added
      true -> :unknown
    end
  end

  defp added do
    source = File.read!("mix.exs")
    line = ~r/^( *)app: :\w+,\n/m

    if not (source =~ "compilers:") and length(Regex.scan(line, source)) == 1 do
      changed = Regex.replace(line, source, "\\0\\1compilers: [:linkspan | Mix.compilers()],\n")
      Mix.shell().info([:green, "* updating ", :reset, "mix.exs"])
      File.write!("mix.exs", changed)
      true
    end
  end

  defp next_steps(names, compiler) do
    Mix.shell().info("""

    The service is in native/#{names.name}/src/lib.rs: change it, and the functions of #{names.module} change.
    #{missing_compiler(compiler)}#{missing_ignore()}
    Test it from Elixir and in Rust:

        mix test
        cargo test --manifest-path native/#{names.name}/Cargo.toml

    Start it under a supervisor, in the host :driver, :nif or :program:

        {#{names.module}, start: [total: 0], host: :driver, name: #{names.module}}
    """)
  end

  defp missing_compiler(:unknown) do
    "\nAdd its compiler to project/0 in mix.exs:\n\n    compilers: [:linkspan | Mix.compilers()],\n"
  end

  defp missing_compiler(_known), do: ""

  # Mix links `priv` to the application's own, if there is one.
  defp missing_ignore do
    with true <- File.dir?("priv"),
         {:ok, ignored} <- File.read(".gitignore"),
         false <- ignored =~ "priv/native" do
      "\nLibraries are built into priv/native. Add it to .gitignore:\n\n    /priv/native/\n"
    else
      _ -> ""
    end
  end
end
