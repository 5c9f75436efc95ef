# The real work: markdown.js, kept in one instance per host, reports on every file.

defmodule Demo.Markdown do
  @moduledoc false

  import Demo.{Expect, Output}

  @program Path.join(__DIR__, "markdown.js")
  @argument ~s({"memory": 268435456, "time": 60000})
  @progress_ms 500
  @excerpt_bytes 60

  @doc "For each file its path, its report as JSON, and the line that says the same to a reader."
  def process(host, files) do
    {:ok, js} = Linkspan.start_link(service: :script, host: host, argument: @argument)
    ok!(Linkspan.call(js, :eval, File.read!(@program)), "#{host}: markdown.js")

    {results, _shown} =
      files
      |> Enum.with_index(1)
      |> Enum.map_reduce(now(), fn {file, number}, shown ->
        {report(js, host, file), progress(host, number, length(files), shown)}
      end)

    Linkspan.stop(js)
    results
  end

  @doc "Fails with the first file on which two hosts differ."
  def agree!({first, expected}, {second, results}) do
    for {one, other} <- Enum.zip(expected, results), one != other do
      at = :binary.longest_common_prefix([text(one), text(other)])
      what = "#{one.path}: #{second} differs from #{first} from byte #{at} on"
      fail!(what, excerpt(other, at), inspect(excerpt(one, at)))
    end
  end

  defp excerpt(result, at) do
    text = text(result)
    binary_part(text, at, min(byte_size(text) - at, @excerpt_bytes))
  end

  defp text(%{json: json, line: line}), do: json <> "\n" <> line

  defp report(js, host, {path, text}) do
    body = Demo.Json.array(["report", path, text])
    json = js |> Linkspan.call(:call, body, patience_ms()) |> ok!("#{host}: #{path}")
    # JSON is JavaScript: the report goes back as an expression.
    line = js |> Linkspan.call(:eval, "line(#{json})", patience_ms()) |> ok!("#{host}: #{path}")
    %{path: path, json: json, line: line}
  end

  defp progress(host, number, total, shown) do
    if number == total or now() - shown >= @progress_ms do
      say(host, "#{number}/#{total} files")
      now()
    else
      shown
    end
  end

  defp now, do: System.monotonic_time(:millisecond)
end
