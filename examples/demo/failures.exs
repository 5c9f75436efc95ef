# What goes wrong on purpose: a panic in a service, and the program killed from outside.

defmodule Demo.Failures do
  @moduledoc false

  import Demo.{Expect, Output}

  @name :demo_mended

  @doc "The caller is told, the instance ends, another instance of the same host goes on."
  def panic(host) do
    quietly(fn ->
      {:ok, doomed} = Linkspan.start_link(service: :echo, host: host)
      {:ok, bystander} = Linkspan.start_link(service: :echo, host: host)

      message = doomed |> Linkspan.call(:panic, "boom") |> panic!(host)
      equal!(reason_of_exit(doomed), {:panic, message}, "#{host}: reason of the exit")
      reply_beside = Linkspan.call(bystander, :echo, "still here")
      equal!(reply_beside, {:ok, "still here"}, "#{host}: the other instance")

      say(host, "panicked with #{inspect(message)}; another instance still answers")
      Linkspan.stop(bystander)
    end)
  end

  @doc "The owner ends with the signal's number; its supervisor starts another program."
  def kill do
    quietly(fn ->
      child = {Linkspan, service: :echo, host: :program, name: @name}
      {:ok, supervisor} = Supervisor.start_link([child], strategy: :one_for_one)
      owner = Process.whereis(@name)
      %{os_pid: killed} = Linkspan.info(@name)
      monitor = Process.monitor(owner)

      {_output, 0} = System.cmd("kill", ["-9", "#{killed}"])
      equal!(reason_of_down(monitor), {:signal, 9}, "reason of the exit after kill -9")
      await_restart(owner, deadline())
      %{os_pid: restarted} = Linkspan.info(@name)
      if restarted == killed, do: fail!("OS process after kill -9", restarted, "another one")

      IO.puts("  killed OS process #{killed}; OS process #{restarted} answers in its place")
      Supervisor.stop(supervisor)
    end)
  end

  # The message may go on to say where.
  defp panic!({:error, {:panic, "boom" <> _where = message}}, _host), do: message
  defp panic!(reply, host), do: fail!("#{host}: reply to a panic", reply, "a panic with \"boom\"")

  defp reason_of_exit(pid) do
    receive do
      {:EXIT, ^pid, reason} -> reason
    after
      patience_ms() -> :still_alive
    end
  end

  defp reason_of_down(monitor) do
    receive do
      {:DOWN, ^monitor, :process, _pid, reason} -> reason
    after
      patience_ms() -> :still_alive
    end
  end

  # A supervisor tells nobody that it has restarted a child: ask until a new owner answers.
  defp await_restart(old, deadline) do
    new = Process.whereis(@name)
    reply = if new not in [nil, old], do: Linkspan.call(@name, :echo, "back again")

    cond do
      reply == {:ok, "back again"} -> :ok
      now() > deadline -> fail!("reply after kill -9", reply, "one from a restarted program")
      true -> again_later(old, deadline)
    end
  end

  defp again_later(old, deadline) do
    Process.sleep(10)
    await_restart(old, deadline)
  end

  # The deaths are wanted: their crash reports would look like faults of the demo, and their exit
  # signals would end it.
  defp quietly(work) do
    trapping = Process.flag(:trap_exit, true)
    %{level: level} = :logger.get_primary_config()
    :logger.set_primary_config(:level, :none)

    try do
      work.()
    after
      :logger.set_primary_config(:level, level)
      Process.flag(:trap_exit, trapping)
    end
  end

  defp deadline, do: now() + patience_ms()
  defp now, do: System.monotonic_time(:millisecond)
end
