defmodule Linkspan.Eventually do
  @moduledoc false
  # Waiting for a state that no message announces.

  import ExUnit.Assertions

  @bound 10_000

  # Asks until `fun` is true; fails after ten seconds, with what `why` then says.
  def eventually(fun, why \\ fn -> nil end),
    do: ask(fun, why, System.monotonic_time(:millisecond) + @bound)

  defp ask(fun, why, deadline) do
    cond do
      fun.() ->
        true

      System.monotonic_time(:millisecond) > deadline ->
        flunk("still not so after #{@bound} ms: #{inspect(why.())}")

      true ->
        receive do
        after
          2 -> ask(fun, why, deadline)
        end
    end
  end

  def os_process?(os_pid), do: File.exists?("/proc/#{os_pid}")

  # Opens a server that a test may see die.
  def start(options) do
    {:ok, server} = Linkspan.start_link(options)
    Process.unlink(server)
    ExUnit.Callbacks.on_exit(fn -> Process.exit(server, :kill) end)
    server
  end

  # A file of the service library's name that a test may spoil.
  def temporary(name) do
    dir = Path.join(System.tmp_dir!(), "linkspan-#{System.unique_integer([:positive])}")
    File.mkdir_p!(dir)
    ExUnit.Callbacks.on_exit(fn -> File.rm_rf!(dir) end)
    Path.join(dir, name)
  end

  # A shared library made of a C source, by its path or in test/fixtures.
  def compiled(source, options \\ []) do
    library = temporary(Path.rootname(Path.basename(source)) <> ".so")
    source = Path.expand(source, Path.join(__DIR__, "../fixtures"))
    headers = Path.join(__DIR__, "../../include")
    arguments = ["-shared", "-fPIC", "-I", headers, "-o", library, source | options]
    {_, 0} = System.cmd("cc", arguments, stderr_to_stdout: true)
    library
  end
end
