# What the documents say is true.
defmodule Linkspan.DocumentsTest do
  use ExUnit.Case, async: false

  defp blocks(file, language) do
    Regex.scan(~r/^```#{language}\n(.*?)^```/ms, File.read!(file), capture: :all_but_first)
    |> List.flatten()
  end

  test "the Elixir of the README runs" do
    codes = [_ | _] = blocks("README.md", "elixir")
    for code <- codes, do: Code.eval_string(code)
  end

  test "the Erlang of the README runs" do
    [code] = blocks("README.md", "erlang")
    {:ok, tokens, _} = :erl_scan.string(String.to_charlist(code))

    tokens
    |> Enum.chunk_while(
      [],
      fn
        {:dot, _} = dot, form -> {:cont, Enum.reverse([dot | form]), []}
        token, form -> {:cont, [token | form]}
      end,
      fn [] -> {:cont, []} end
    )
    |> Enum.reduce(:erl_eval.new_bindings(), fn form, bindings ->
      {:ok, expressions} = :erl_parse.parse_exprs(form)
      {:value, _, bindings} = :erl_eval.exprs(expressions, bindings)
      bindings
    end)
  end

  test "every path that a document names exists" do
    for file <- ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/decisions.md"],
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
