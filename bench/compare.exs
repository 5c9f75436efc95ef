# Linkspan beside what it replaces: gen_server:call, a C driver, a C program behind a GenServer. `make bench`.

Code.require_file("measure.exs", __DIR__)
Code.require_file("peers.exs", __DIR__)

defmodule :telemetry do
  @moduledoc false
  # Nobody listens: what remains is what asking for events costs.
  def execute(_event, _measurements, _metadata), do: :ok
end

defmodule Bench.Sum do
  @moduledoc false
  use Linkspan, otp_app: :linkspan, library: "sum"
end

defmodule Bench.Adder do
  @moduledoc false
  # What `sum` does, in a process.
  use GenServer

  @impl true
  def init(total), do: {:ok, total}

  @impl true
  def handle_call({:add, by}, _from, total), do: {:reply, total + by, total + by}
end

defmodule Bench.Compare do
  @moduledoc false

  alias Bench.{Measure, Peers}

  @rounds 21
  @callers 64
  @body "sixteen bytes..."
  # The longest answer that a driver gives without allocating.
  @long String.duplicate(@body, 4)
  # Number of the operation `echo`, for bare ports.
  @echo 1

  @head """
  #{byte_size(@body)} B there and back, every reply checked; #{@rounds} rounds of 50 ms blocks in turn, medians.
  Absolute times of this machine mean little. Ratios are of times, round by round: below 1 is faster.
  The spread is the middle half of the ratios.
  """

  # Subject, what it does, and the subject that its ratio is to.
  @rows [
    {:gen_server, "gen_server:call", :gen_server},
    {:again, "gen_server:call again (noise)", :gen_server},
    {:c_driver, "C driver, port_control", :gen_server},
    {:c_driver_again, "C driver again (noise)", :c_driver},
    {:rust_driver, "Driver trait, port_control", :c_driver},
    {:c_driver_long, "C driver, 64 B", :gen_server},
    {:rust_driver_long, "Driver trait, 64 B", :c_driver_long},
    {:c_driver_none, "C driver, 0 B", :gen_server},
    {:rust_driver_none, "Driver trait, 0 B", :c_driver_none},
    {:control, "driver, port_control inline", :gen_server},
    {:control, "driver, port_control inline", :c_driver},
    {:handle, "driver, call inline, handle", :gen_server},
    {:pid, "driver, call inline, pid", :gen_server},
    {:telemetry, "driver, call inline, telemetry", :handle},
    {:deferred, "driver, call deferred", :gen_server},
    {:adder, "GenServer.call that adds", :gen_server},
    {:typed, "driver, typed call that adds", :adder},
    {:c_program, "C program behind GenServer", :gen_server},
    {:program, "program, call", :c_program},
    {:c_program_many, "C program, #{@callers} callers", :c_program},
    {:program_many, "program, #{@callers} callers", :c_program_many}
  ]

  def run do
    IO.puts(@head)
    figures = Peers.start() |> subjects() |> Measure.rounds(@rounds)
    line(["", "per call", "calls/s", "ratio", "spread", "ratio to"])
    Enum.each(@rows, &row(&1, figures))
  end

  defp subjects(%{server: server, driver: driver, rust_driver: rust, program: program}) do
    {:ok, pid} = Linkspan.start_link(service: :echo, host: :driver)
    {:ok, external} = Linkspan.start_link(service: :echo, host: :program)
    %{port: port} = Linkspan.info(pid)
    {inside, outside} = {Linkspan.handle(pid), Linkspan.handle(external)}
    {:ok, observed} = Linkspan.open(service: :echo, host: :driver, telemetry: true)

    {:ok, sum} = Bench.Sum.open(start: [total: 5], host: :driver)
    {:ok, adder} = GenServer.start_link(Bench.Adder, 5)

    gen_server = fn -> @body = :gen_server.call(server, @body) end
    c_program = fn -> @body = GenServer.call(program, @body) end
    in_program = fn -> {:ok, @body} = Linkspan.call(outside, :echo, @body) end

    [
      {:gen_server, 1, gen_server},
      {:again, 1, gen_server},
      {:c_driver, 1, fn -> @body = :erlang.port_control(driver, @echo, @body) end},
      {:c_driver_again, 1, fn -> @body = :erlang.port_control(driver, @echo, @body) end},
      {:rust_driver, 1, fn -> @body = :erlang.port_control(rust, @echo, @body) end},
      {:c_driver_long, 1, fn -> @long = :erlang.port_control(driver, @echo, @long) end},
      {:rust_driver_long, 1, fn -> @long = :erlang.port_control(rust, @echo, @long) end},
      {:c_driver_none, 1, fn -> "" = :erlang.port_control(driver, @echo, "") end},
      {:rust_driver_none, 1, fn -> "" = :erlang.port_control(rust, @echo, "") end},
      {:control, 1, fn -> @body = strip(:erlang.port_control(port, @echo, @body)) end},
      {:handle, 1, fn -> {:ok, @body} = Linkspan.call(inside, :echo, @body) end},
      {:pid, 1, fn -> {:ok, @body} = Linkspan.call(pid, :echo, @body) end},
      {:telemetry, 1, fn -> {:ok, @body} = Linkspan.call(observed, :echo, @body) end},
      {:adder, 1, fn -> 5 = GenServer.call(adder, {:add, 0}) end},
      {:typed, 1, fn -> {:ok, 5} = Bench.Sum.add(sum, 0) end},
      {:deferred, 1, fn -> {:ok, @body} = Linkspan.call(inside, :echo_long, @body) end},
      {:c_program, 1, c_program},
      {:program, 1, in_program},
      {:c_program_many, @callers, c_program},
      {:program_many, @callers, in_program}
    ]
  end

  # As a user of the bare port would: the status byte goes, the reply stays.
  defp strip(<<0, reply::binary>>), do: reply

  defp row({subject, what, reference}, figures) do
    %{^subject => ns, ^reference => reference_ns} = figures
    ratios = Enum.zip_with(ns, reference_ns, &(&1 / &2)) |> Enum.sort()

    [low, middle, high] =
      for quarter <- 1..3, do: decimal(Enum.at(ratios, div(quarter * @rounds, 4)))

    median = Measure.median(ns)
    line([what, time(median), rate(median), middle, "#{low} - #{high}", "#{reference}"])
  end

  defp line([what, time, rate, ratio, spread, reference]) do
    columns = [{time, 10}, {rate, 10}, {ratio, 8}, {spread, 15}]
    figures = for {text, width} <- columns, do: String.pad_leading(text, width)
    IO.puts([String.pad_trailing(what, 30), figures, "  ", reference])
  end

  defp time(ns) when ns < 1000, do: "#{round(ns)} ns"
  defp time(ns), do: "#{decimal(ns / 1000)} us"

  defp rate(ns), do: "#{round(1_000_000 / ns)} k"

  defp decimal(number), do: :erlang.float_to_binary(number, decimals: 2)
end

Bench.Compare.run()
