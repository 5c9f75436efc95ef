defmodule Bench.Machine do
  @moduledoc false
  # Where and with what was measured.

  @spec describe() :: map()
  def describe do
    %{
      cpu: field("/proc/cpuinfo", ~r/^model name\s*:\s*(.*)$/m),
      cores: System.schedulers_online(),
      memory_mib: memory(),
      kernel: said("uname", ["-sr"]),
      erts: to_string(:erlang.system_info(:version)),
      emulator: to_string(:erlang.system_info(:emu_flavor)),
      flags: System.get_env("ERL_FLAGS", ""),
      elixir: System.version(),
      rust: said("rustc", ["--version"]),
      cc: said("cc", ["--version"]),
      node: if(System.find_executable("node"), do: said("node", ["--version"]))
    }
  end

  @doc "The commit that was measured; with a plus if something was changed since."
  @spec commit() :: String.t()
  def commit do
    changed =
      said("git", ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results"])

    said("git", ["rev-parse", "--short=12", "HEAD"]) <> if(changed == "", do: "", else: "+")
  end

  defp memory do
    case field("/proc/meminfo", ~r/^MemTotal:\s*(\d+) kB/m) do
      "" -> nil
      kib -> div(String.to_integer(kib), 1024)
    end
  end

  defp field(file, pattern) do
    with {:ok, text} <- File.read(file), [_, field] <- Regex.run(pattern, text) do
      field
    else
      _ -> ""
    end
  end

  defp said(program, arguments) do
    case System.cmd(program, arguments, stderr_to_stdout: true) do
      {text, 0} -> text |> String.split("\n") |> hd()
      _ -> ""
    end
  rescue
    ErlangError -> ""
  end
end
