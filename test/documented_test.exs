# What is public is documented and specified, in both languages; there is no `mix docs` to complain.
defmodule Linkspan.DocumentedTest do
  use ExUnit.Case, async: true

  {:ok, modules} = :application.get_key(:linkspan, :modules)

  {elixir, erlang} = Enum.split_with(modules, &String.starts_with?(Atom.to_string(&1), "Elixir."))

  for module <- elixir do
    test "#{inspect(module)} is documented, or internal" do
      {:docs_v1, _, :elixir, _, moduledoc, _, docs} = Code.fetch_docs(unquote(module))
      assert moduledoc != :none, "no @moduledoc"
      if moduledoc != :hidden, do: documented(unquote(module), docs)
    end
  end

  for module <- erlang do
    test "#{module} says what lives in it, and specifies what it exports" do
      {:ok, {_, [abstract_code: {:raw_abstract_v1, forms}, compile_info: info]}} =
        :beam_lib.chunks(:code.which(unquote(module)), [:abstract_code, :compile_info])

      assert "%% " <> _ = File.read!(info[:source])
      specified = for {:attribute, _, :spec, {function, _}} <- forms, do: function
      exported = for {:attribute, _, :export, functions} <- forms, f <- functions, do: f
      assert exported -- specified == []
    end
  end

  # What the compiler adds is nobody's to document, and neither is what a behaviour asks for.
  defp documented(module, docs) do
    {:ok, specs} = Code.Typespec.fetch_specs(module)
    specified = for {function, _} <- specs, do: function

    for {{kind, name, arity}, _, _, doc, _} <- docs, doc != :hidden do
      assert is_map(doc) or generated?(name), "#{kind} #{name}/#{arity} is not documented"

      if kind == :function and not generated?(name),
        do: assert({name, arity} in specified, "#{name}/#{arity} has no spec")
    end
  end

  defp generated?(name), do: name in [:__struct__, :exception]
end
