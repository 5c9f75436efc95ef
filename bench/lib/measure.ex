defmodule Bench.Measure do
  @moduledoc false
  # What must hold, as measures.txt has it.

  alias Bench.Subject

  @table Path.expand("../measures.txt", __DIR__)
  @external_resource @table
  @lines File.read!(@table)
         |> String.split("\n", trim: true)
         |> Enum.reject(&String.starts_with?(&1, "#"))

  # CPU time of the subject, in that of what it is compared to.
  @cpu_must 1.2

  defstruct [:id, :what, :against, :must, :aim, :unit, :direction, :form, :metric, pairs: []]

  @type t :: %__MODULE__{
          id: String.t(),
          what: String.t(),
          against: String.t(),
          must: number() | nil,
          aim: number() | nil,
          unit: String.t(),
          direction: :lower | :higher,
          form: :ratio | :difference | :events | :figure,
          metric: atom() | nil,
          # Subject and reference; the worst pair counts.
          pairs: [{Subject.id(), Subject.id()}]
        }

  @doc "All measures, in the order of the table."
  @spec all() :: [t()]
  def all, do: Enum.flat_map(@lines, &parse/1)

  defp parse(line) do
    columns = line |> String.split("|") |> Enum.map(&String.trim/1)
    [id, what, against, must, aim, metric, subjects, works, callers] = columns
    {direction, must, unit} = bound(must)
    {form, metric, cpu?} = metric(metric)

    measure = %__MODULE__{
      id: id,
      what: what,
      against: against,
      must: must,
      aim: number(aim),
      unit: unit || if(form == :figure, do: "", else: "ratio"),
      direction: direction,
      form: form,
      metric: metric,
      pairs: if(form == :figure, do: [], else: pairs(subjects, works, callers))
    }

    if cpu?, do: [measure, cpu(measure)], else: [measure]
  end

  # Stands right below the measure it belongs to.
  defp cpu(%__MODULE__{id: id} = measure) do
    %{
      measure
      | id: id <> "_cpu",
        what: "... its CPU time per call",
        must: @cpu_must,
        aim: 1.0,
        direction: :lower,
        form: :ratio,
        metric: :cpu
    }
  end

  defp bound("<= " <> must), do: bound(:lower, String.split(must, " ", parts: 2))
  defp bound(">= " <> must), do: bound(:higher, String.split(must, " ", parts: 2))
  defp bound("-"), do: {:lower, nil, nil}

  defp bound(direction, [must]), do: {direction, number(must), nil}
  defp bound(direction, [must, "S"]), do: {direction, number(must <> " S"), nil}
  defp bound(direction, [must, unit]), do: {direction, number(must), unit}

  defp number("-"), do: nil

  defp number(text) do
    case Float.parse(text) do
      {number, ""} -> number
      {number, " S"} -> number * System.schedulers_online()
    end
  end

  defp metric("figure"), do: {:figure, nil, false}

  defp metric(text) do
    case String.split(text) do
      [metric] -> {:ratio, String.to_atom(metric), false}
      [metric, "+", "cpu"] -> {:ratio, String.to_atom(metric), true}
      [metric, "difference"] -> {:difference, String.to_atom(metric), false}
      [metric, "events"] -> {:events, String.to_atom(metric), false}
    end
  end

  defp pairs(subjects, works, callers) do
    [subject, reference] = list(subjects, "/")

    for work <- list(works, ","), callers <- list(callers, ",") do
      {callers, [of, to]} = {String.to_integer(callers), both(list(work, "/"))}
      {{String.to_atom(subject), of, callers}, {String.to_atom(reference), to, callers}}
    end
  end

  # The same work, unless it says of what else.
  defp both([work]), do: [work, work]
  defp both([_, _] = works), do: works

  defp list(text, separator), do: text |> String.split(separator) |> Enum.map(&String.trim/1)
end
