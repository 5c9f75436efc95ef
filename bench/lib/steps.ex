defmodule Bench.Steps do
  @moduledoc false
  # Where the time of an inline call goes: what each layer adds to the one below it, for documents.

  import Bench.Markdown
  import Bench.Words

  # Subject, the one below it, and what the difference buys.
  @steps [
    {"c_driver", nil,
     "`port_control/3` and a C driver: the port's lock, the body there and back"},
    {"driver_trait", "c_driver", "the trait `Driver`: safe Rust, a barrier for panics"},
    {"service_control", "driver_trait",
     "engine and service library: whether it may run here, its lock, the clock before and after, counts and histogram, two barriers"},
    {"driver_call", "service_control", "the client: the operation by name, `{ok, Reply}`"},
    {"driver_call_pid", "driver_call", "the instance of a pid, from a table"},
    {"c_nif", nil, "a NIF in C: the body there and back"},
    {"raw_nif", "c_nif", "the same in Rust"},
    {"rustler_nif", "raw_nif",
     "rustler: decoding, a barrier for panics, a binary of its own for the answer"},
    {"nif_call", "rustler_nif", "engine, service library and client"}
  ]
  @work "copy 16 B"

  @spec inline(map()) :: String.t()
  def inline(%{"rows" => rows}) do
    medians =
      for %{"work" => @work, "callers" => 1} = row <- rows,
          into: %{},
          do: {row["subject"], row["p50"]}

    rows =
      for {subject, below, buys} <- @steps, median = medians[subject] do
        ["`#{subject}`", time(median), adds(median, medians[below]), buys]
      end

    table(["subject", "median", "adds", "for"], rows)
  end

  defp adds(_median, nil), do: ""
  defp adds(median, below), do: "#{round(median - below)} ns"
end
