defmodule Bench.Groups.Program do
  @moduledoc false
  # A program beside the VM: Linkspan's, and one in C behind a GenServer. And a process that answers itself: what the
  # messages alone cost, whatever is behind them.

  alias Bench.{Subject, Work}

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(peers, plan) do
    %{program: program} = peers
    %{os_pid: os_pid} = Linkspan.info(program)
    small = Enum.flat_map([16, 1024], &asked(peers, {program, os_pid}, Work.copy(&1)))
    large = asked(peers, {program, os_pid}, Work.copy(65_536))
    Subject.with_callers(small, plan.program_callers) ++ large
  end

  defp asked(peers, {program, os_pid}, %Work{label: label, number: number, body: body}) do
    request = <<number, body::binary>>
    call = fn -> {:ok, ^body} = Linkspan.call(program, :copy, body) end

    others =
      for name <- [:c_program, :c_program_buffered, :c_program_pipelined] do
        %{^name => server} = peers
        c = fn -> <<0, ^body::binary>> = GenServer.call(server, request) end
        Subject.new(name, label, c, programs: [GenServer.call(server, :os_pid)])
      end

    %{process: process} = peers

    messages = fn ->
      send(process, {self(), body})
      receive(do: ({^process, ^body} -> :ok))
    end

    [
      Subject.new(:program, label, call, programs: [os_pid]),
      Subject.new(:messages, label, messages) | others
    ]
  end
end
