# What goes wrong meanwhile: kills, stops, garbage, reloads.
defmodule Linkspan.Soak.Faults do
  @moduledoc false

  alias Linkspan.Soak.{Fleet, Ledger}

  @kinds [
    :kill_owner,
    :crash_owner,
    :kill_program,
    :suspend_program,
    :garbage_to_program,
    :garbage_from_program,
    :kill_caller,
    :give_away,
    :missing_library
  ]

  # One every 100 ms on average, until told to stop. Modules are loaded again until that time, in milliseconds.
  def start_link(reload_until), do: spawn_link(fn -> loop(reload_until) end)

  def stop(pid) do
    send(pid, {:stop, self()})
    receive(do: ({:stopped, ^pid} -> :ok))
  end

  defp loop(reload_until) do
    receive do
      {:stop, from} -> send(from, {:stopped, self()})
    after
      :rand.uniform(200) ->
        reload? = System.monotonic_time(:millisecond) < reload_until
        inflict(Enum.random(if reload?, do: [:reload | @kinds], else: @kinds))
        Ledger.count(:faults)
        loop(reload_until)
    end
  end

  defp inflict(:kill_owner), do: with_server(&Process.exit(&1, :kill))
  defp inflict(:crash_owner), do: with_server(&Process.exit(&1, :crash))
  defp inflict(:kill_program), do: with_program(&signal(&1, "KILL"))

  defp inflict(:suspend_program) do
    with_program(fn os_pid ->
      signal(os_pid, "STOP")

      receive do
      after
        :rand.uniform(300) -> signal(os_pid, "CONT")
      end
    end)
  end

  defp inflict(:garbage_to_program) do
    with_info(fn
      %{port: port, os_pid: _} ->
        try do
          Port.command(
            port,
            <<Enum.random([0, 99, 255]), :rand.bytes(:rand.uniform(50))::binary>>,
            [:nosuspend]
          )
        rescue
          # It has just ended.
          ArgumentError -> :ok
        end

      _ ->
        :ok
    end)
  end

  # As if the program had written it. Not one of the servers: it could be in the middle of a frame.
  defp inflict(:garbage_from_program) do
    {:ok, instance} = Linkspan.open(service: :echo, host: :program)
    %{os_pid: os_pid, owner: owner} = Linkspan.info(instance)
    Process.unlink(owner)
    request = Linkspan.send_request(instance, :sleep, "60000000")
    # Status 0 of an end says nothing: by chance, others might be in good order.
    bytes = [Enum.random([<<0>>, <<0x81>>, <<0x83, 0>>, <<255>>]), :rand.bytes(:rand.uniform(50))]
    :ok = File.write("/proc/#{os_pid}/fd/4", [<<IO.iodata_length(bytes)::32>>, bytes], [:append])

    case Linkspan.receive_response(request, 60_000) do
      {:reply, {:error, {:protocol, _}}} -> :ok
      other -> Ledger.blame(:refused, {:garbage_from_program, bytes, other})
    end
  end

  # In the middle of whatever it asks.
  defp inflict(:kill_caller) do
    victim =
      spawn(fn ->
        for _ <- Stream.cycle([0]),
            do:
              Linkspan.call(
                Fleet.random(),
                Enum.random([:echo, :echo_long, :sleep]),
                "3000",
                :infinity
              )
      end)

    receive do
    after
      :rand.uniform(20) -> Process.exit(victim, :kill)
    end
  end

  defp inflict(:give_away) do
    {_, options} = Enum.random(Fleet.variants())
    parent = self()

    {pid, monitor} =
      spawn_monitor(fn ->
        {:ok, instance} = Linkspan.open([service: :echo] ++ options)
        :ok = Linkspan.connect(instance, Process.whereis(Linkspan.Soak.Heir))
        send(parent, {:heir, instance})
      end)

    receive do
      {:DOWN, ^monitor, :process, ^pid, _} -> :ok
    end

    # It has survived its opener.
    receive do
      {:heir, instance} ->
        case Linkspan.call(instance, :echo, "hi", :infinity) do
          {:ok, "hi"} -> :ok = Linkspan.close(instance)
          other -> Ledger.blame(:refused, {:give_away, options, other})
        end
    after
      0 -> Ledger.blame(:refused, {:give_away, options})
    end
  end

  defp inflict(:missing_library) do
    {_, options} = Enum.random(Fleet.variants())

    {:error, {:library_missing, _, _}} =
      Linkspan.open([service: :echo, library: "/nowhere/echo.so"] ++ options)
  end

  # A module that nobody is in the middle of, as an upgrade of an application does it.
  defp inflict(:reload) do
    {:ok, modules} = :application.get_key(:linkspan, :modules)
    module = Enum.random(modules)
    if :code.soft_purge(module), do: {:module, ^module} = :code.load_file(module)
  end

  defp with_server(fun) do
    case Process.whereis(Fleet.random()) do
      nil -> :ok
      pid -> fun.(pid)
    end
  end

  defp with_info(fun) do
    case Linkspan.info(Fleet.random()) do
      {:error, _} -> :ok
      %{lanes: lanes} -> lanes |> Enum.random() |> fun.()
      info -> fun.(info)
    end
  end

  defp with_program(fun) do
    with_info(fn
      %{os_pid: os_pid} -> fun.(os_pid)
      _ -> :ok
    end)
  end

  defp signal(os_pid, name),
    do: System.cmd("kill", ["-#{name}", "#{os_pid}"], stderr_to_stdout: true)
end
