defmodule Ruby do
  @moduledoc """
  Ruby interpreters, each in a process of its own: the client of `evaluator.rb`.
  """

  @program Path.join(__DIR__, "evaluator.rb")

  @doc "Starts an interpreter and its owner, linked to the caller. Options as `Linkspan.start_link/1`."
  @spec start_link([Linkspan.option()]) :: {:ok, pid()} | {:error, term()}
  def start_link(options \\ []),
    do: Linkspan.start_link([service: :ruby, host: :program, program: @program] ++ options)

  @doc "A child specification. Its id is the interpreter's name, or `Ruby`."
  @spec child_spec([Linkspan.option()]) :: Supervisor.child_spec()
  def child_spec(options),
    do: %{id: Keyword.get(options, :name, Ruby), start: {Ruby, :start_link, [options]}}

  @doc "Evaluates code; its value as a term."
  @spec eval(Linkspan.server(), iodata(), timeout()) ::
          {:ok, term()} | {:error, Linkspan.reason()}
  def eval(ruby, code, timeout \\ 5000), do: term(Linkspan.call(ruby, :eval, code, timeout))

  @doc "Calls a function that code has defined, with terms as arguments."
  @spec call(Linkspan.server(), atom() | String.t(), [term()], timeout()) ::
          {:ok, term()} | {:error, Linkspan.reason()}
  def call(ruby, function, arguments, timeout \\ 5000) do
    request = :erlang.term_to_binary({function, arguments})
    term(Linkspan.call(ruby, :call, request, timeout))
  end

  @doc "Evaluates code whose value nobody wants."
  @spec cast(Linkspan.server(), iodata()) :: :ok | {:error, Linkspan.reason()}
  def cast(ruby, code), do: Linkspan.cast(ruby, :eval, code)

  # The program makes no atoms, whatever it evaluates.
  defp term({:ok, term}), do: {:ok, :erlang.binary_to_term(term, [:safe])}
  defp term({:error, reason}), do: {:error, reason}
end
