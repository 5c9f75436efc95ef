defmodule Bench.Build do
  @moduledoc false
  # Builds what Linkspan is measured against into one folder: C by make, Rust by cargo.

  @crates %{
    "service" => "service.so",
    "rustler_nif" => "rustler_nif.so",
    "raw_nif" => "raw_nif.so"
  }

  @doc "Builds what has changed, and returns the folder."
  @spec run() :: Path.t()
  def run do
    folder = Path.join(Mix.Project.build_path(), "native")
    File.mkdir_p!(folder)
    include = Path.join([:code.root_dir(), "usr", "include"])
    command("make", ["--silent", "-C", "bench/baseline", "OUT=#{folder}", "INCLUDE=#{include}"])
    cargo(["--manifest-path", "bench/native/Cargo.toml"])
    for {crate, file} <- @crates, do: copy("libbench_#{crate}", Path.join(folder, file))
    # The driver that the documents of erl_driver begin with.
    cargo(["-p", "erl_driver_tests", "--example", "echo_drv"])
    copy("examples/libecho_drv", Path.join(folder, "echo_drv.so"))
    folder
  end

  @doc "The program that draws the report."
  @spec report() :: Path.t()
  def report, do: Path.expand(Path.join([target(), "release", "bench_report"]))

  defp cargo(arguments) do
    options = ["--release", "--quiet", "--locked", "--target-dir", target()]
    command("cargo", ["build" | options] ++ arguments)
  end

  defp target, do: System.get_env("CARGO_TARGET_DIR", "target")

  defp copy(library, to) do
    [built] = Path.wildcard(Path.join([target(), "release", library <> ".{so,dylib}"]))
    File.cp!(built, to)
  end

  defp command(program, arguments) do
    {_output, status} = System.cmd(program, arguments, into: IO.stream(), stderr_to_stdout: true)
    if status != 0, do: Mix.raise("#{program} #{Enum.join(arguments, " ")} failed, see above")
  end
end
