# What the documents say is true.
defmodule Linkspan.DocumentsTest do
  use ExUnit.Case, async: false
  import Linkspan.Eventually

  # Every page whose code is run here; these have tests of their own.
  @pages ["README.md" | Path.wildcard("docs/*.md")] -- ["docs/frame.md", "docs/erl_driver.md"]

  # {page, line of the fence, language, code}
  blocks =
    for page <- @pages,
        text = File.read!(page),
        [fence, language, code] <-
          Regex.scan(~r/^```([^\n]*)\n(.*?)^```$/ms, text, return: :index) do
      [language, code] = for {at, size} <- [language, code], do: binary_part(text, at, size)
      {page, length(String.split(binary_part(text, 0, elem(fence, 0)), "\n")), language, code}
    end

  for page <- @pages, do: @external_resource(page)
  @blocks blocks

  # Services that guides write in Rust are there when their Elixir runs.
  setup_all do
    Linkspan.GuideApp.build(for {_, _, "rust", code} <- @blocks, do: code)
    :ok
  end

  for {page, line, "elixir", code} <- blocks do
    test "#{page}:#{line}: the Elixir runs" do
      if unquote(code) =~ ":telemetry.", do: Linkspan.TelemetryHandlers.define()
      evaluate(unquote(code), unquote("#{page}:#{line}"))
    end
  end

  for {page, line, "erlang", code} <- blocks do
    test "#{page}:#{line}: the Erlang runs" do
      {:ok, tokens, _} = unquote(code) |> String.to_charlist() |> :erl_scan.string()

      tokens
      |> forms()
      |> Enum.reduce(:erl_eval.new_bindings(), fn form, bindings ->
        {:ok, expressions} = :erl_parse.parse_exprs(form)
        {:value, _, bindings} = :erl_eval.exprs(expressions, bindings)
        bindings
      end)
    end
  end

  for {page, line, "c", code} <- blocks do
    test "#{page}:#{line}: the C compiles" do
      source = temporary("guide.c")
      File.write!(source, unquote(code))
      compiled(source, ["-Wall", "-Werror", "-I", Path.join(:code.root_dir(), "usr/include")])
    end
  end

  for {page, line, "sh", code} <- blocks do
    test "#{page}:#{line}: the commands are run by a test" do
      for command <- String.split(unquote(code), "\n", trim: true), do: known!(command)
    end
  end

  # Diagrams and output are text. What belongs to an application that the README makes is run by whoever follows it.
  test "every block is of a language that is run, or text" do
    for {page, line, language, _} <- @blocks do
      assert language in ["elixir demo", "elixir mix.exs" | ~w(elixir erlang rust c sh text)],
             "#{page}:#{line}: nobody runs #{language}"
    end
  end

  test "every piece of Rust is a service that the Elixir of its page asks" do
    for {page, line, "rust", code} <- @blocks do
      assert [name] = Regex.run(~r/linkspan::export!\((\w+)\);/, code, capture: :all_but_first)
      asked = for {^page, _, "elixir", code} <- @blocks, do: code

      assert Enum.join(asked) =~ ~r/[:"]#{Macro.underscore(name)}\b/,
             "#{page}:#{line}: #{name} is not asked"
    end
  end

  # Commands of the README are followed to the letter by the tests of mix and of rebar3. Of what else a page has, some
  # test runs the same, perhaps with other arguments; `make test` runs the demo.
  defp known!("make " <> command),
    do: assert(File.read!("Makefile") =~ ~r/^#{command}:/m, "there is no make #{command}")

  defp known!(command) do
    words = command |> String.split() |> Enum.filter(&(&1 =~ ~r/^[a-z][a-z0-9_.]*$/))
    tests = for path <- ["README.md" | Path.wildcard("test/**/*.{exs,sh}")], do: File.read!(path)
    like? = fn test -> Enum.all?(words, &String.contains?(test, &1)) end
    assert Enum.any?(tests, like?), "no test runs #{command}"
  end

  # A configuration file is read, and may set what the application knows.
  defp evaluate("import Config\n" <> _ = code, place) do
    for {app, settings} <- Config.Reader.eval!(place, code), {setting, _} <- settings do
      assert app == :linkspan and File.read!("src/linkspan.app.src") =~ "%% #{setting}:",
             "#{place} sets #{setting}, which the application does not know"
    end
  end

  defp evaluate(code, place), do: Code.eval_string(code, [], file: place)

  # Tokens, divided behind each full stop.
  defp forms(tokens) do
    Enum.chunk_while(
      tokens,
      [],
      fn
        {:dot, _} = dot, form -> {:cont, Enum.reverse([dot | form]), []}
        token, form -> {:cont, [token | form]}
      end,
      fn [] -> {:cont, []} end
    )
  end

  test "every path that a document names exists" do
    for file <- ["ARCHITECTURE.md", "CONTRIBUTING.md" | @pages],
        [path] <-
          Regex.scan(~r/`([a-z_.]+\/[\w.\/-]*)`/, File.read!(file), capture: :all_but_first),
        # Built, or the user's own, or a function with its arity.
        not String.starts_with?(path, ["priv/", "_checkouts/", "_build/"]) and
          not (path =~ ~r/\/\d$/) do
      assert File.exists?(path), "#{file} names #{path}, which does not exist"
    end
  end

  test "every command of the Makefile that a document names exists" do
    makefile = File.read!("Makefile")

    for file <- ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
        [command] <- Regex.scan(~r/make ([a-z-]+)/, File.read!(file), capture: :all_but_first) do
      assert makefile =~ ~r/^#{command}:/m, "#{file} names make #{command}"
    end
  end
end
