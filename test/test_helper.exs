# Logs are captured, and logger is not among the applications that a library should start.
{:ok, _} = Application.ensure_all_started(:logger)

# `make test-schedulers` would prove nothing with flags that the VM did not take.
with flags when is_binary(flags) <- System.get_env("ERL_FLAGS") do
  taken = "/proc/self/cmdline" |> File.read!() |> String.split(<<0>>) |> Enum.join(" ")
  true = String.contains?(taken, String.replace(flags, "+", "-"))
  online = System.schedulers_online()
  IO.puts("with #{flags}: #{online} of #{System.schedulers()} schedulers online")

  with [_, schedulers] <- Regex.run(~r/\+S \d+:(\d+)/, flags),
       do: ^online = String.to_integer(schedulers)
end

for file <- Path.wildcard(Path.join(__DIR__, "support/*.exs")), do: Code.require_file(file)
ExUnit.start(capture_log: true)
