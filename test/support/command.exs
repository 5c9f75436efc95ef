defmodule Linkspan.Command do
  @moduledoc false
  # Commands in folders of their own, as a user would give them.

  import ExUnit.Assertions

  # What cargo builds is kept with what it has built of ours.
  @environment [
    {"MIX_ENV", nil},
    {"LINKSPAN_PRECOMPILED", nil},
    {"CARGO_TARGET_DIR", Path.expand("target")}
  ]

  # What a command prints. It is to end with `status`.
  def run(dir, command, arguments, options \\ []) do
    {status, environment} = Keyword.pop(options, :status, 0)
    environment = @environment ++ Keyword.get(environment, :env, [])

    {output, ended} =
      System.cmd(command, arguments, cd: dir, env: environment, stderr_to_stdout: true)

    assert ended == status,
           "#{command} #{Enum.join(arguments, " ")} ended with #{ended}:\n#{output}"

    output
  end

  # A PATH in which cargo is what nobody should ask.
  def path_without_cargo(dir) do
    bin = Path.join(dir, "bin")
    File.mkdir_p!(bin)
    File.write!(Path.join(bin, "cargo"), "#!/bin/sh\necho cargo was asked >&2\nexit 70\n")
    File.chmod!(Path.join(bin, "cargo"), 0o755)
    {"PATH", bin <> ":" <> System.fetch_env!("PATH")}
  end
end
