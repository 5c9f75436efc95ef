# `mix run examples/demo/demo.exs`: the main job of Linkspan, in each host, on real files.
# Here: the order of the steps.

for file <- ~w(expect output files json state markdown latency failures) do
  Code.require_file("#{file}.exs", __DIR__)
end

defmodule Demo do
  @moduledoc false

  alias Demo.{Expect, Failures, Files, Latency, Markdown, State}

  @hosts [:driver, :nif, :program]

  def run do
    files = Files.read!()

    step("State stays in its instance", fn -> Enum.each(@hosts, &State.show/1) end)
    step("Markdown files read by JavaScript: #{length(files)}", fn -> markdown(files) end)
    step("Latency", fn -> Latency.show(@hosts) end)
    step("A panic ends its instance only", fn -> Enum.each(@hosts, &Failures.panic/1) end)
    step("kill -9 of the program, mended by a supervisor", &Failures.kill/0)

    IO.puts("\ndemo: all hosts agree")
  rescue
    error in [Expect.Error, Files.Error] ->
      IO.puts("\ndemo: " <> Exception.message(error))
      System.halt(1)
  end

  defp step(title, work) do
    IO.puts("\n#{title}")
    work.()
  end

  defp markdown(files) do
    [first | others] = Enum.map(@hosts, &{&1, Markdown.process(&1, files)})
    Enum.each(others, &Markdown.agree!(first, &1))

    {_host, results} = first
    Enum.each(results, &IO.puts("  " <> &1.line))
    IO.puts("  the same bytes from #{Enum.join(@hosts, " and ")}")
  end
end

Demo.run()
