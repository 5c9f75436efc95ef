defmodule Bench.Groups.Script do
  @moduledoc false
  # JavaScript: the service `script` in each host, and Node.js behind a port. A small function, JSON there and back:
  # called as one that is known to be short, and as any other.

  alias Bench.Peers.OneAtATime
  alias Bench.Subject

  @label "area(2)"
  @request ~s(["area",2])
  @reply "12.566370614359172"
  @source "function area(r) { return Math.PI * r * r }"

  @spec subjects(Bench.Peers.t(), Bench.Plan.t()) :: [Subject.t()]
  def subjects(_peers, plan) do
    for(
      host <- [:driver, :nif, :program],
      {name, operation} <- [script_short: :call_short, script: :call],
      do: script(:"#{name}_#{host}", host, operation)
    ) ++ node_js(plan.node)
  end

  defp script(name, host, operation) do
    {:ok, script} = Linkspan.open(service: :script, host: host)
    {:ok, _} = Linkspan.call(script, :eval, @source)
    programs = List.wrap(Linkspan.info(script)[:os_pid])
    call = fn -> {:ok, @reply} = Linkspan.call(script, operation, @request) end
    Subject.new(name, @label, call, programs: programs)
  end

  defp node_js(nil), do: []

  defp node_js(node) do
    {:ok, server} = OneAtATime.start_link(node, [Path.expand("../../node/script.js", __DIR__)])
    @reply = GenServer.call(server, @request, 60_000)
    call = fn -> @reply = GenServer.call(server, @request) end
    [Subject.new(:node, @label, call, programs: [GenServer.call(server, :os_pid)])]
  end
end
