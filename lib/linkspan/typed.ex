defmodule Linkspan.Typed do
  @moduledoc false
  # Makes, for `use Linkspan`, one function for each operation of a typed service.

  @doc "The code of a module, from what the library says of its service."
  @spec define(Macro.Env.t(), keyword()) :: Macro.t()
  def define(env, options) do
    {library, service, path} = source(env, options)

    case :linkspan_typed.describe(path, service) do
      {:ok, {_hash, description} = expected} ->
        refuse_own(env, description)

        quote do
          @external_resource unquote(path)
          @linkspan_expected unquote(Macro.escape(expected))
          @linkspan_source unquote(
                             Macro.escape(:linkspan_typed.source(library, service, description))
                           )
          unquote(moduledoc(env, description))
          unquote(starts(description))
          unquote_splicing(Enum.map(description.operations, &operation/1))
        end

      {:error, reason} ->
        message = Exception.message(%Linkspan.Error{reason: reason, service: service})
        compile_error(env, "use Linkspan: #{message} (#{path})#{hint(reason)}")
    end
  end

  defp hint({:library_missing, _path, _why}),
    do: "; in mix.exs the compiler :linkspan, before the others, builds it"

  defp hint(_reason), do: ""

  defp source(env, options) do
    unless Keyword.keyword?(options),
      do: compile_error(env, "use Linkspan wants a keyword list")

    known = Keyword.keys(options) -- [:otp_app, :library, :service]

    with {:known, []} <- {:known, known},
         {:ok, app} when is_atom(app) <- Keyword.fetch(options, :otp_app),
         {:ok, name} when is_binary(name) or is_atom(name) <- Keyword.fetch(options, :library) do
      service = to_string(options[:service] || name)
      {{app, to_string(name)}, service, path(env, service, {app, name})}
    else
      {:known, [unknown | _]} ->
        compile_error(env, "use Linkspan knows no option #{inspect(unknown)}")

      _ ->
        compile_error(
          env,
          ~s|use Linkspan wants the application and the library: otp_app: :my_app, library: "sum"|
        )
    end
  end

  defp path(env, service, library) do
    :linkspan_options.read(service: service, library: library).library
  catch
    :error, {:bad_option, name, what} -> compile_error(env, "use Linkspan: #{name} #{what}")
  end

  @own ~w(start_link open child_spec)

  defp refuse_own(env, %{operations: operations}) do
    for %{name: name} <- operations, name in @own do
      compile_error(
        env,
        "use Linkspan: the module has a function #{name} of its own; give the operation another " <>
          ~s|name, by #[op(name = "..")]|
      )
    end
  end

  defp compile_error(env, description) do
    raise CompileError, file: env.file, line: env.line, description: description
  end

  # The author's words, unless the module has its own.
  defp moduledoc(env, description) do
    if Module.get_attribute(env.module, :moduledoc) == nil do
      quote do: @moduledoc(unquote(description.doc))
    end
  end

  defp starts(%{start: arguments}) do
    start =
      case arguments do
        [] ->
          ""

        _ ->
          "The service starts with " <>
            Enum.map_join(arguments, ", ", &"`#{&1.name}`") <>
            ", in the option `:start`, a keyword list."
      end

    quote do
      @doc """
      Starts a process that owns an instance. Options as `Linkspan.start_link/1`, but for `:service` and `:library`.
      #{unquote(start)}

      `{:error, {:library_changed, differences}}` if the library's service is not what this module was made for.
      """
      @spec start_link([Linkspan.option() | {:start, keyword()}]) ::
              {:ok, pid()}
              | {:error,
                 {:already_started, pid()} | {:library_changed, [binary()]} | Linkspan.reason()}
      def start_link(options \\ []) do
        Linkspan.Options.checked(fn ->
          options = :linkspan_typed.options(options, @linkspan_source)
          :linkspan.start_link(options, @linkspan_expected)
        end)
      end

      @doc "Opens an instance that belongs to the calling process. Options as `start_link/1`."
      @spec open([Linkspan.option() | {:start, keyword()}]) ::
              {:ok, Linkspan.instance()}
              | {:error, {:library_changed, [binary()]} | Linkspan.reason()}
      def open(options \\ []) do
        Linkspan.Options.checked(fn ->
          options = :linkspan_typed.options(options, @linkspan_source)
          :linkspan.open(options, @linkspan_expected)
        end)
      end

      @doc "A child specification. Its id is the server's name, or this module."
      @spec child_spec([Linkspan.option() | {:start, keyword()}]) :: Supervisor.child_spec()
      def child_spec(options), do: :linkspan_typed.child_spec(__MODULE__, options)

      defoverridable child_spec: 1
    end
  end

  defp operation(%{form: "call"} = operation) do
    %{number: number, name: name, arguments: arguments, returns: returns} = operation
    {fun, bang, variables} = {function(name), function(name <> "!"), variables(arguments)}
    types = for %{type: type} <- arguments, do: type(type)
    value = type(returns)
    {answer, result} = answer(returns, value)

    quote do
      @doc unquote(docs(operation, "Returns `#{text(answer)}` or `{:error, reason}`."))
      @spec unquote(fun)(Linkspan.server(), unquote_splicing(types), timeout()) ::
              unquote(answer) | {:error, Linkspan.reason()}
      def unquote(fun)(server, unquote_splicing(variables), timeout \\ 5000) do
        unquote(
          result.(
            quote do
              :linkspan.call_term(
                server,
                unquote(number),
                {unquote_splicing(variables)},
                timeout
              )
            end
          )
        )
      end

      @doc unquote(
             "As `#{name}/#{length(arguments) + 2}`, but returns the bare value or raises `Linkspan.Error`."
           )
      @spec unquote(bang)(Linkspan.server(), unquote_splicing(types), timeout()) :: unquote(value)
      def unquote(bang)(server, unquote_splicing(variables), timeout \\ 5000) do
        call =
          :linkspan.call_term(server, unquote(number), {unquote_splicing(variables)}, timeout)

        Linkspan.Error.value!(call, server, unquote(function(name)))
      end
    end
  end

  defp operation(%{form: "cast"} = operation) do
    %{number: number, name: name, arguments: arguments} = operation
    {fun, bang, variables} = {function(name), function(name <> "!"), variables(arguments)}
    types = for %{type: type} <- arguments, do: type(type)

    quote do
      @doc unquote(docs(operation, "Returns when it has been accepted."))
      @spec unquote(fun)(Linkspan.server(), unquote_splicing(types)) ::
              :ok | {:error, Linkspan.reason()}
      def unquote(fun)(server, unquote_splicing(variables)) do
        :linkspan.cast_term(server, unquote(number), {unquote_splicing(variables)})
      end

      @doc unquote("As `#{name}/#{length(arguments) + 1}`, but raises `Linkspan.Error`.")
      @spec unquote(bang)(Linkspan.server(), unquote_splicing(types)) :: :ok
      def unquote(bang)(server, unquote_splicing(variables)) do
        with {:error, reason} <-
               :linkspan.cast_term(server, unquote(number), {unquote_splicing(variables)}),
             do: raise(Linkspan.Error.of(reason, server, unquote(fun)))
      end
    end
  end

  defp operation(%{form: "stream"} = operation) do
    %{name: name, arguments: arguments} = operation
    variables = variables(arguments)
    types = for %{type: type} <- arguments, do: type(type)
    part = text(type(operation.returns))

    quote do
      @doc unquote(
             docs(operation, "A lazy enumerable of `#{part}`; options as `Linkspan.stream/4`.")
           )
      @spec unquote(function(name))(Linkspan.server(), unquote_splicing(types), keyword()) ::
              Enumerable.t()
      def unquote(function(name))(server, unquote_splicing(variables), options \\ []) do
        body = :linkspan_typed.encode({unquote_splicing(variables)})

        server
        |> Linkspan.stream(unquote(function(name)), body, options)
        |> Stream.map(fn part ->
          part
          |> :linkspan_typed.decode()
          |> Linkspan.Error.value!(server, unquote(function(name)))
        end)
      end
    end
  end

  defp operation(%{form: "raw"} = operation) do
    %{number: number, name: name} = operation
    {fun, bang} = {function(name), function(name <> "!")}

    quote do
      @doc unquote(docs(operation, "Takes and returns bytes."))
      @spec unquote(fun)(Linkspan.server(), iodata(), timeout()) ::
              {:ok, binary()} | {:error, Linkspan.reason()}
      def unquote(fun)(server, body, timeout \\ 5000) do
        Linkspan.call(server, unquote(number), body, timeout)
      end

      @doc unquote("As `#{name}/3`, but returns the bare value or raises `Linkspan.Error`.")
      @spec unquote(bang)(Linkspan.server(), iodata(), timeout()) :: binary()
      def unquote(bang)(server, body, timeout \\ 5000) do
        server
        |> Linkspan.call(unquote(number), body, timeout)
        |> Linkspan.Error.value!(server, unquote(function(name)))
      end
    end
  end

  # Nothing is `:ok` already, as the atom that travels.
  defp answer(:nothing, _value),
    do: {:ok, fn call -> quote(do: :linkspan_typed.nothing(unquote(call))) end}

  defp answer(_type, value), do: {quote(do: {:ok, unquote(value)}), & &1}

  defp docs(%{doc: ""}, result), do: result
  defp docs(%{doc: doc}, result), do: doc <> "\n\n" <> result

  defp text(type), do: Macro.to_string(type)

  # Their context keeps an argument `server` or `timeout` apart from ours.
  defp variables(arguments) do
    for %{name: name} <- arguments, do: Macro.var(String.to_atom(name), Linkspan.Typed.Argument)
  end

  # The names are those of the application's own library, at compile time.
  defp function(name), do: String.to_atom(name)

  @builtins [:integer, :float, :boolean, :binary, :term]

  defp type(name) when name in @builtins, do: quote(do: unquote(name)())
  defp type(:string), do: quote(do: String.t())
  defp type(:nothing), do: :ok
  defp type({:list, type}), do: [type(type)]
  defp type({:option, type}), do: quote(do: unquote(type(type)) | nil)
  defp type({:tuple, types}), do: {:{}, [], Enum.map(types, &type/1)}

  defp type({:map, key, value}),
    do: quote(do: %{optional(unquote(type(key))) => unquote(type(value))})

  defp type({:struct, %{fields: fields}}) do
    {:%{}, [], for(%{name: name, type: type} <- fields, do: {String.to_atom(name), type(type)})}
  end

  defp type({:enum, [last]}), do: String.to_atom(last)

  defp type({:enum, [first | rest]}),
    do: {:|, [], [String.to_atom(first), type({:enum, rest})]}
end
