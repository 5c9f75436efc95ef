defmodule Bench.Subject do
  @moduledoc false
  # One thing that is measured: a call that checks its reply, and who makes it.

  @enforce_keys [:name, :work, :prepare]
  defstruct [:name, :work, :prepare, callers: 1, programs: []]

  @typedoc "What tells samples apart: name, what is asked for, and how many ask."
  @type id :: {atom(), String.t(), pos_integer()}

  @type t :: %__MODULE__{
          name: atom(),
          work: String.t(),
          # Runs in each caller and returns its call. What it opens, it owns.
          prepare: (() -> (() -> term())),
          callers: pos_integer(),
          # OS processes that work for it.
          programs: [non_neg_integer()]
        }

  @doc "A subject whose callers share everything."
  @spec new(atom(), String.t(), (() -> term()), keyword()) :: t()
  def new(name, work, call, options \\ []) do
    struct!(%__MODULE__{name: name, work: work, prepare: fn -> call end}, options)
  end

  @spec id(t()) :: id()
  def id(%__MODULE__{name: name, work: work, callers: callers}), do: {name, work, callers}

  @doc "The same, with each of the numbers of callers."
  @spec with_callers([t()], [pos_integer()]) :: [t()]
  def with_callers(subjects, numbers),
    do: for(callers <- numbers, subject <- subjects, do: %{subject | callers: callers})
end
