# Round trips, as a table per host beside gen_server:call. A glance, not a benchmark.

defmodule Demo.Latency do
  @moduledoc false

  import Demo.Expect

  defmodule Echo do
    @moduledoc false
    use GenServer

    @impl true
    def init(state), do: {:ok, state}

    @impl true
    def handle_call(body, _from, state), do: {:reply, {:ok, body}, state}
  end

  # Subjects take turns in short blocks, so that other load on the machine meets all alike.
  @rounds 20
  @block_us 10_000
  # Faster calls are timed in batches, or the clock would be a part of the sample.
  @batch 100
  @batched_below_us 5
  @warm_up 300

  @bar_floor_us 0.05
  @bar_per_decade 8

  # By number, as a hot loop would: no name to look up.
  @echo 1
  @echo_long 2
  @body "sixteen bytes..."

  @head """
    Microseconds per call. Absolute times of this machine say little; the ratios count.
    A sample is one call, or (*) the mean of #{@batch} calls, which smooths p99.
    Ratios are to gen_server:call, by p50. Bars are on a log scale.
  """

  def show(hosts) do
    IO.write(@head)
    Enum.each(hosts, &table/1)
  end

  defp table(host) do
    IO.puts("  #{host}: measuring ...")
    servers = start(host)
    rows = servers |> subjects() |> Enum.map(&prepare/1) |> measure()
    {_label, _batch, %{p50: base}} = hd(rows)

    IO.puts(row([host, "p50", "p99", "ratio", ""]))
    Enum.each(rows, &print(&1, base))
    stop(servers)
  end

  defp start(host) do
    {:ok, process} = GenServer.start_link(Echo, nil)
    {:ok, echo} = Linkspan.start_link(service: :echo, host: host)
    {:ok, js} = Linkspan.start_link(service: :script, host: host)
    ok!(Linkspan.call(js, :eval, "function add(a, b) { return a + b }"), "#{host}: add")
    {process, echo, js}
  end

  defp stop({process, echo, js}) do
    GenServer.stop(process)
    Enum.each([echo, js], &Linkspan.stop/1)
  end

  # Each checks its reply, so that nothing is counted that was not done.
  defp subjects({process, echo, js}) do
    {echo, js} = {Linkspan.handle(echo), Linkspan.handle(js)}

    [
      {"gen_server:call", fn -> {:ok, @body} = :gen_server.call(process, @body) end},
      {"echo, inline, 16 B", fn -> {:ok, @body} = Linkspan.call(echo, @echo, @body) end},
      {"echo, deferred, 16 B", fn -> {:ok, @body} = Linkspan.call(echo, @echo_long, @body) end},
      {"script, add(1, 2)", fn -> {:ok, "3"} = Linkspan.call(js, :call, ~s(["add", 1, 2])) end}
    ]
  end

  # Warms up, and finds out whether one call is long enough to be timed.
  defp prepare({label, call}) do
    repeat(call, @warm_up)
    fastest = Enum.min(for _try <- 1..5, do: sample(call, 20))
    {label, call, if(fastest < @batched_below_us, do: @batch, else: 1)}
  end

  defp measure(subjects) do
    blocks =
      for _round <- 1..@rounds, {label, call, batch} <- subjects, do: {label, block(call, batch)}

    for {label, _call, batch} <- subjects do
      {label, batch, summary(for {^label, samples} <- blocks, sample <- samples, do: sample)}
    end
  end

  defp block(call, batch), do: block(call, batch, now() + @block_us * 1000, [])

  defp block(call, batch, deadline, samples) do
    samples = [sample(call, batch) | samples]
    if now() < deadline, do: block(call, batch, deadline, samples), else: samples
  end

  # Microseconds per call.
  defp sample(call, batch) do
    start = now()
    repeat(call, batch)
    (now() - start) / (1000 * batch)
  end

  defp repeat(_call, 0), do: :ok

  defp repeat(call, times) do
    call.()
    repeat(call, times - 1)
  end

  defp summary(samples) do
    sorted = samples |> Enum.sort() |> List.to_tuple()
    %{p50: percentile(sorted, 0.50), p99: percentile(sorted, 0.99)}
  end

  defp percentile(sorted, part), do: elem(sorted, ceil(part * tuple_size(sorted)) - 1)

  defp print({label, batch, %{p50: p50, p99: p99}}, base) do
    mark = if batch > 1, do: " *", else: ""
    IO.puts(row([label <> mark, figure(p50), figure(p99), figure(p50 / base), bar(p50)]))
  end

  defp row([label, p50, p99, ratio, bar]) do
    label = String.pad_trailing("#{label}", 24)
    [p50, p99, ratio] = for figure <- [p50, p99, ratio], do: String.pad_leading(figure, 9)
    String.trim_trailing("  #{label}#{p50}#{p99}#{ratio}  #{bar}")
  end

  defp figure(number), do: :erlang.float_to_binary(number, decimals: 2)

  defp bar(us) do
    decades = :math.log10(max(us, @bar_floor_us) / @bar_floor_us)
    String.duplicate("#", 1 + round(@bar_per_decade * decades))
  end

  defp now, do: System.monotonic_time(:nanosecond)
end
