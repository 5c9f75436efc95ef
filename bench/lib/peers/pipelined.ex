defmodule Bench.Peers.Pipelined do
  @moduledoc false
  # A port program behind a GenServer, as an expert has it: requests are written at once, and since the program answers in
  # their order, whoever waits longest gets the next answer.
  use GenServer

  @spec start_link(Path.t(), [String.t()]) :: {:ok, pid()}
  def start_link(program, arguments), do: GenServer.start_link(__MODULE__, {program, arguments})

  @impl true
  def init({program, arguments}) do
    settings = [:binary, packet: 4, args: arguments]
    {:ok, {Port.open({:spawn_executable, program}, settings), :queue.new()}}
  end

  @impl true
  def handle_call(:os_pid, _from, {port, _} = state),
    do: {:reply, port |> Port.info(:os_pid) |> elem(1), state}

  def handle_call(request, from, {port, waiting}) do
    true = Port.command(port, request)
    {:noreply, {port, :queue.in(from, waiting)}}
  end

  @impl true
  def handle_info({port, {:data, reply}}, {port, waiting}) do
    {{:value, from}, waiting} = :queue.out(waiting)
    GenServer.reply(from, reply)
    {:noreply, {port, waiting}}
  end
end
