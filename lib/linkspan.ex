defmodule Linkspan do
  @moduledoc """
  Native services, written once in Rust, run where one option says.

      {:ok, js} = Linkspan.start_link(service: :script, host: :driver)
      :ok = Linkspan.cast(js, :eval, "a = 1")
      :ok = Linkspan.cast(js, :eval, "while (a < 10) a *= 3")
      {:ok, "27"} = Linkspan.call(js, :eval, "a")

  The hosts are `:driver`, a linked-in port driver inside the VM; `:nif`, a NIF resource inside the VM; and `:program`,
  an external OS process. The same library file runs in all of them, with the same client and the same errors.

  ## Options

  `start_link/1` and `open/1` take:

    * `:service` - the service's name, an atom or a string; required
    * `:host` - `:driver` (default), `:nif` or `:program`
    * `:argument` - the service's start argument, iodata; default empty
    * `:library` - an absolute path, or `{app, name}` for `priv/native/NAME.so` of an application; default
      `{:linkspan, service}`
    * `:name` - registers the server, as in `GenServer` (`start_link/1` only)
    * `:events` - the process that gets `{:linkspan, instance, {:event, binary}}`; default the caller
    * `:queue` - bounds of what may be open at once: `limit:` requests (4096), `bytes:` of bodies (256 MiB),
      `full: :wait` (default; within the caller's time-out) or `full: :error`
    * `:on_panic` - `:stop` (default) ends the instance, `:keep` lets it live on
    * `:deferred` - what runs requests that do not run inline: `:workers` (default), threads of Linkspan's own; or, in
      the `:nif` host only, `:dirty_cpu` or `:dirty_io`, the VM's dirty schedulers

  With `:dirty_cpu` or `:dirty_io` a call to an idle instance is run by its caller, there, and the answer is no
  message but the value of a NIF. The price is that of every dirty NIF: such a caller returns when its request does. At the time-out
  the service is told to stop (`Context::is_cancelled`) and the call then returns `{:error, :timeout}`, late if the
  service does not ask; the time that it waits for a free dirty scheduler is not counted. Calls that have to queue
  behind another one time out as always. A service may use 160 KiB of stack there (`Context::stack_limit`); do not
  make the stacks of dirty schedulers smaller than the VM does.

  An unknown or ill-typed option raises `ArgumentError` and names it.

  ## Servers and errors

  A server is an instance from `open/1`, the pid from `start_link/1`, or its name. Whatever goes wrong is
  `{:error, reason}` with a reason of `t:reason/0`, the same in every host; `call!/4` raises `Linkspan.Error`.
  """

  @typedoc "An instance, as its opener knows it."
  @type instance :: :linkspan.instance()

  @typedoc "Who is asked: an instance, the pid of a server, or its name."
  @type server :: :linkspan.server()

  @typedoc "The number of an operation or its name, an atom or a string."
  @type operation :: non_neg_integer() | atom() | String.t()

  @typedoc "Why something failed."
  @type reason :: :linkspan.reason()

  @typedoc "An option of `start_link/1` and `open/1`."
  @type option :: {atom(), term()}

  @default_timeout 5000

  @doc """
  Starts a process that owns an instance, linked to the caller.

  Returns when the service has started. If it cannot start, its error is returned and the caller lives.
  """
  @spec start_link([option()]) :: {:ok, pid()} | {:error, {:already_started, pid()} | reason()}
  def start_link(options), do: checked(fn -> :linkspan.start_link(options) end)

  @doc "Stops a server and closes its instance, as `GenServer.stop/3`."
  @spec stop(server(), term(), timeout()) :: :ok
  def stop(server, reason \\ :normal, timeout \\ :infinity),
    do: :linkspan.stop(server, reason, timeout)

  @doc """
  A child specification. Its id is the server's name, or `Linkspan`.

      children = [{Linkspan, service: :script, name: MyApp.Script}]
  """
  @spec child_spec([option()]) :: Supervisor.child_spec()
  def child_spec(options) do
    %{id: Keyword.get(options, :name, __MODULE__), start: {__MODULE__, :start_link, [options]}}
  end

  @doc "Opens an instance that belongs to the calling process and ends with it."
  @spec open([option()]) :: {:ok, instance()} | {:error, reason()}
  def open(options), do: checked(fn -> :linkspan.open(options) end)

  @doc "Closes an instance. What it still has to do is dropped or told to stop."
  @spec close(instance()) :: :ok
  defdelegate close(instance), to: :linkspan

  @doc """
  Asks, and waits for the answer at most `timeout` milliseconds.

  After a time-out no answer comes any more, and the work is told to stop.
  """
  @spec call(server(), operation(), iodata(), timeout()) :: {:ok, binary()} | {:error, reason()}
  def call(server, operation, body \\ "", timeout \\ @default_timeout),
    do: :linkspan.call(server, operation, body, timeout)

  @doc "As `call/4`, but returns the bare answer or raises `Linkspan.Error`."
  @spec call!(server(), operation(), iodata(), timeout()) :: binary()
  def call!(server, operation, body \\ "", timeout \\ @default_timeout) do
    case call(server, operation, body, timeout) do
      {:ok, reply} ->
        reply

      {:error, reason} ->
        service = with :undefined <- :linkspan.service(server), do: nil
        raise Linkspan.Error, reason: reason, service: service, operation: operation
    end
  end

  @doc """
  Sends a request that nobody waits for.

  Returns when it has been accepted; `:ok` says nothing of how it went. If the queue is full, it waits for room at
  most 5000 ms.
  """
  @spec cast(server(), operation(), iodata()) :: :ok | {:error, reason()}
  def cast(server, operation, body \\ ""), do: :linkspan.cast(server, operation, body)

  @doc "The instance behind a server. Worth while before a loop of many calls: it is looked up once."
  @spec handle(server()) :: instance() | {:error, :closed}
  defdelegate handle(server), to: :linkspan

  @doc """
  What is known of an instance, as a map.

  `:host`, `:service`, `:library` (path and hash), `:operations`, `:state`, `:queue` (requests and bytes), `:counts`
  (inline, deferred, overruns, errors, panics, cancelled, busy, events), `:port` or `:owner`, `:deferred` in the `:nif` host, and `:os_pid` in the
  `:program` host.
  """
  @spec info(server()) :: map() | {:error, reason()}
  defdelegate info(server), to: :linkspan

  defp checked(fun) do
    fun.()
  rescue
    error in ErlangError ->
      case error.original do
        {:bad_option, name, what} ->
          raise ArgumentError, "option #{inspect(name)} #{what}"

        _ ->
          reraise error, __STACKTRACE__
      end
  end
end
