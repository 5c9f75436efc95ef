defmodule Bench.Peers.OneAtATime do
  @moduledoc false
  # A port program behind a GenServer, as tutorials have it: one call at a time, the others wait in line.
  use GenServer

  @spec start_link(Path.t(), [String.t()]) :: {:ok, pid()}
  def start_link(program, arguments), do: GenServer.start_link(__MODULE__, {program, arguments})

  @impl true
  def init({program, arguments}) do
    settings = [:binary, packet: 4, args: arguments]
    {:ok, {Port.open({:spawn_executable, program}, settings), nil, :queue.new()}}
  end

  @impl true
  def handle_call(:os_pid, _from, {port, _, _} = state),
    do: {:reply, port |> Port.info(:os_pid) |> elem(1), state}

  def handle_call(request, from, {port, nil, line}),
    do: {:noreply, ask(port, from, request, line)}

  def handle_call(request, from, {port, served, line}),
    do: {:noreply, {port, served, :queue.in({from, request}, line)}}

  @impl true
  def handle_info({port, {:data, reply}}, {port, served, line}) do
    GenServer.reply(served, reply)

    case :queue.out(line) do
      {:empty, line} -> {:noreply, {port, nil, line}}
      {{:value, {from, request}}, line} -> {:noreply, ask(port, from, request, line)}
    end
  end

  defp ask(port, from, request, line) do
    true = Port.command(port, request)
    {port, from, line}
  end
end
