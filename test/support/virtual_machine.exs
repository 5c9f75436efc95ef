defmodule Linkspan.VirtualMachine do
  @moduledoc false
  # A VM of its own, for what would end or spoil this one. It runs Erlang expressions and may print.

  import ExUnit.Assertions
  import Linkspan.Eventually

  @bound 60_000

  # Starts one, in a folder of its own, where it could leave a core or a crash dump.
  # `user:` is who it runs as, if this VM is root's; `within:` a program, with its arguments, that runs it.
  def run(code, arguments \\ [], options \\ []) do
    folder = temporary("")
    paths = for app <- [:linkspan, :elixir], do: Application.app_dir(app, "ebin")
    start = ["-noshell", "-pa"] ++ paths ++ ["-eval", code] ++ arguments
    # A core may be written, if it comes to that.
    shell = ~s|ulimit -c unlimited; exec "$0" "$@"|

    port =
      Port.open({:spawn_executable, "/bin/sh"}, [
        :binary,
        :exit_status,
        :stderr_to_stdout,
        line: 1000,
        cd: folder,
        # Where it may look for settings of its user.
        env: [{'HOME', String.to_charlist(folder)}],
        args:
          ["-c", shell] ++
            Keyword.get(options, :within, []) ++
            as(options[:user]) ++ [System.find_executable("erl") | start]
      ])

    %{port: port, folder: folder}
  end

  defp as(user) do
    if user && System.cmd("id", ["-u"]) == {"0\n", 0},
      do: [System.find_executable("setpriv"), "--reuid=#{user}", "--clear-groups"],
      else: []
  end

  # The next line that it prints.
  def line(%{port: port}) do
    assert_receive {^port, {:data, {:eol, line}}}, @bound
    line
  end

  # A line for its standard input.
  def tell(%{port: port}, line), do: Port.command(port, line <> "\n")

  # Its exit status and what it has printed besides.
  def ended(%{port: port} = vm, printed \\ []) do
    receive do
      {^port, {:data, {_, line}}} -> ended(vm, [line | printed])
      {^port, {:exit_status, status}} -> {status, Enum.reverse(printed)}
    after
      @bound -> flunk("the VM has not ended: #{inspect(Enum.reverse(printed))}")
    end
  end

  # What it has left behind.
  def remains(%{folder: folder}), do: File.ls!(folder)
end
