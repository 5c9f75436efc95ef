defmodule Bench do
  @moduledoc false
  # `make bench`: builds, starts one VM after another to measure, judges, and writes what came out.

  alias Bench.{Build, Cost, Judge, Measure, Plan, Results, Start, Table}
  alias Bench.Groups.Spare

  @doc """
  The command. Arguments are `--quick`, `--starts N` for another number of VMs, and names of groups, which then are all that
  is measured.
  """
  @spec main([String.t()]) :: :ok
  def main(arguments) do
    {options, groups} =
      OptionParser.parse!(arguments, strict: [quick: :boolean, starts: :integer])

    plan = if options[:quick], do: Plan.quick(), else: Plan.full()
    plan = Plan.only(%{plan | starts: options[:starts] || plan.starts}, groups)
    folder = Build.run()
    if plan.node == nil, do: IO.puts("There is no node: script_vs_node_port is left out.")

    outcomes =
      for start <- 1..plan.starts, child <- children(plan), do: start(child, folder, start)

    samples =
      for {outcome, start} <- Enum.with_index(outcomes, 1),
          sample <- outcome.samples,
          do: {start, sample}

    costs = if :cost in plan.groups, do: costs(plan, folder), else: []
    figures = figures(outcomes ++ costs)
    verdicts = Judge.verdicts(Measure.all(), samples, figures)
    rows = Judge.rows(samples)
    instances = Enum.flat_map(costs, & &1.rows)
    # A part is for whoever works on it.
    if groups != [], do: Table.print_rows(rows)
    Table.print_instances(instances)
    Table.print(verdicts)
    if groups == [], do: Results.write(plan, verdicts, rows, instances, figures)
    :ok
  end

  # The values of each, one for each VM that measured it.
  defp figures(outcomes) do
    for %{figures: figures} <- outcomes,
        {name, value} <- figures,
        reduce: %{},
        do: (all -> Map.update(all, name, [value], &[value | &1]))
  end

  # What is measured in one VM, with its flags: one group has flags of its own.
  defp children(%{groups: groups} = plan) do
    {own, shared} = Enum.split_with(groups, &(&1 == :spare))

    for {flags, groups} <- [{"", shared}, {Spare.flags(), own}],
        groups -- [:cost] != [],
        do: {flags, %{plan | groups: groups}}
  end

  # A VM of its own, so that where code and data happen to lie is not the same in all.
  defp start({flags, plan}, folder, start) do
    title = "VM #{start} of #{plan.starts}"
    child("+P 1048576 #{flags}", {Start, :measure, [plan, folder, title]})
  end

  defp costs(plan, folder) do
    for call <- [
          {:instances, [plan, folder, :driver]},
          {:instances, [plan, folder, :nif]},
          {:others, [folder]}
        ],
        {function, arguments} = call,
        do: child(Cost.flags(), {Cost, function, arguments})
  end

  @doc "Runs a function in another VM, and returns what it returns."
  @spec child(String.t(), {module(), atom(), [term()]}) :: term()
  def child(flags, call) do
    file = Path.join(System.tmp_dir!(), "linkspan-bench-#{System.pid()}")
    File.write!(file, :erlang.term_to_binary(call))
    paths = Path.wildcard(Path.join(Mix.Project.build_path(), "lib/*/ebin"))

    arguments =
      Enum.flat_map(paths, &["-pa", &1]) ++ ["--erl", flags, "-e", "Bench.serve()", file]

    try do
      {_output, 0} = System.cmd("elixir", arguments, into: IO.stream(), stderr_to_stdout: true)
      file |> File.read!() |> :erlang.binary_to_term()
    after
      File.rm(file)
    end
  end

  @doc "The other side of `child/2`."
  @spec serve() :: :ok
  def serve do
    [file] = System.argv()
    # Nothing is ever said there: it ends when the other VM does.
    spawn(fn ->
      :eof = IO.read(:line)
      System.halt(1)
    end)

    {module, function, arguments} = file |> File.read!() |> :erlang.binary_to_term()
    File.write!(file, :erlang.term_to_binary(apply(module, function, arguments)))
  end
end
