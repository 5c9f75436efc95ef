# What Linkspan is measured against, built from baseline/ and started. All of it lives as long as the VM.
defmodule Bench.Peers do
  @moduledoc false

  defmodule Echo do
    @moduledoc false
    use GenServer

    @impl true
    def init(state), do: {:ok, state}

    @impl true
    def handle_call(body, _from, state), do: {:reply, body, state}
  end

  # A port program as tutorials wrap it: one call at a time, the others wait in line.
  defmodule Program do
    @moduledoc false
    use GenServer

    @impl true
    def init(path) do
      {:ok, {Port.open({:spawn_executable, path}, [:binary, packet: 4]), nil, :queue.new()}}
    end

    @impl true
    def handle_call(body, from, {port, nil, line}), do: {:noreply, ask(port, from, body, line)}

    def handle_call(body, from, {port, served, line}),
      do: {:noreply, {port, served, :queue.in({from, body}, line)}}

    @impl true
    def handle_info({port, {:data, reply}}, {port, served, line}) do
      GenServer.reply(served, reply)

      case :queue.out(line) do
        {:empty, line} -> {:noreply, {port, nil, line}}
        {{:value, {from, body}}, line} -> {:noreply, ask(port, from, body, line)}
      end
    end

    defp ask(port, from, body, line) do
      true = Port.command(port, body)
      {port, from, line}
    end
  end

  def start do
    dir = Path.join(System.tmp_dir!(), "linkspan-bench-#{System.pid()}")
    File.mkdir_p!(dir)
    include = Path.join([:code.root_dir(), "usr", "include"])
    program = build(dir, "packet_echo", "packet_echo", [])
    build(dir, "echo_driver", "echo_driver.so", ["-shared", "-fPIC", "-I", include])
    :ok = :erl_ddll.load_driver(String.to_charlist(dir), ~c"echo_driver")
    build_rust(dir, "echo_drv")
    :ok = :erl_ddll.load_driver(String.to_charlist(dir), ~c"echo_drv")
    {:ok, server} = GenServer.start_link(Echo, nil)
    {:ok, external} = GenServer.start_link(Program, program)
    # Its answer says that the program runs: the file may go.
    "up" = GenServer.call(external, "up")
    File.rm_rf!(dir)

    %{
      server: server,
      driver: Port.open({:spawn_driver, ~c"echo_driver"}, []),
      rust_driver: Port.open({:spawn_driver, ~c"echo_drv"}, []),
      program: external
    }
  end

  # The driver of erl_driver's crate page.
  defp build_rust(dir, name) do
    cargo = ["build", "--release", "--quiet", "--locked", "-p", "erl_driver_tests"]
    {_, 0} = System.cmd("cargo", cargo ++ ["--example", name], into: IO.stream())
    target = System.get_env("CARGO_TARGET_DIR", "target")
    File.cp!(Path.join(target, "release/examples/lib#{name}.so"), Path.join(dir, name <> ".so"))
  end

  defp build(dir, source, target, options) do
    [source, target] = [Path.join([__DIR__, "baseline", source <> ".c"]), Path.join(dir, target)]
    {_, 0} = System.cmd("cc", ["-O2", "-Wall", "-o", target, source | options], into: IO.stream())
    target
  end
end
