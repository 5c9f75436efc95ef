# Logs are captured, and logger is not among the applications that a library should start.
{:ok, _} = Application.ensure_all_started(:logger)

for file <- Path.wildcard(Path.join(__DIR__, "support/*.exs")), do: Code.require_file(file)
ExUnit.start(capture_log: true)
