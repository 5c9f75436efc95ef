# What the documents say is true.
defmodule Linkspan.DocumentsTest do
  use ExUnit.Case, async: false

  # What has tests of its own: native formats, and pieces of drivers.
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

  # Diagrams and output are text. Rust is run by the doctests of the crate `linkspan`.
  test "every block is of a language that is run, or text" do
    for {page, line, language, _} <- @blocks do
      assert language in ~w(elixir erlang rust text), "#{page}:#{line}: nobody runs #{language}"
    end
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
