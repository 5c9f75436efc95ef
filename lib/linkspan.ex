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
      `{:linkspan, service}`. Nothing else is ever loaded: relative paths, and names with `/`, `\\` or `..` are refused
    * `:program` - in the `:program` host, another executable than Linkspan's own, in any language: an absolute path, or
      `{app, file}` in the `priv` folder of an application. It speaks `docs/frame.md` and has its service in itself, so
      that `:library` need not be there; see `examples/ruby`. `:limits` are not for it
    * `:name` - registers the server, as in `GenServer`; `start_link/1` only, `open/1` refuses it
    * `:events` - the process that gets `{:linkspan, instance, {:event, binary}}`; default the caller
    * `:queue` - bounds of what may be open at once: `limit:` requests (4096), `bytes:` of bodies (256 MiB),
      `full: :wait` (default; within the caller's time-out) or `full: :error`. One body of any length is accepted when
      nothing is open
    * `:lanes` - how many instances share the requests (default 1): for services that declare their requests
      independent. A request takes the lane of its caller's scheduler, or the one that `lane/2` pins
    * `:on_panic` - `:stop` (default) ends the instance, `:keep` lets it live on
    * `:telemetry` - `true` tells `:telemetry`, if the application has it, of each call and cast; default `false`.
      `docs/telemetry.md` lists the events
    * `:deferred` - what runs requests that do not run inline: `:workers` (default), threads of Linkspan's own; or, in
      the `:nif` host only, `:dirty_cpu` or `:dirty_io`, the VM's dirty schedulers
    * `:limits` - in the `:program` host only, what the program may use, set before it loads the library: `memory:` bytes
      of private memory (from 64 MiB), `cpu:` seconds of processor time, `files:` open descriptors (from 16),
      `processes:` of the user it runs as, threads included, for what the service starts; root is not bound by that
      one. Default: what the VM may
    * `:env` - in the `:program` host only, variables of its environment: `{name, value}`, or a name for what the VM has.
      Of the VM's it has `HOME`, `LANG`, `LC_*`, `PATH`, `TMPDIR` and `TZ` in any case, and no others

  With `:dirty_cpu` or `:dirty_io` a call to an idle instance is run by its caller, there, and the answer is no
  message but the value of a NIF. The price is that of every dirty NIF: such a caller returns when its request does. At the time-out
  the service is told to stop (`Context::is_cancelled`) and the call then returns `{:error, :timeout}`, late if the
  service does not ask; the time that it waits for a free dirty scheduler is not counted. Calls that have to queue
  behind another one time out as always. A service may use 160 KiB of stack there (`Context::stack_limit`); do not
  make the stacks of dirty schedulers smaller than the VM does.

  An option that is unknown, ill-typed, too long or given twice raises `ArgumentError` and names it. Names of services and
  libraries have at most 255 bytes, paths 4095, and a start argument 1 GiB less 1 KiB.

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

  @typedoc """
  What is known of an instance:

    * `:service` - the service's name
    * `:host` - `:driver`, `:nif` or `:program`
    * `:library` - the `:path` it was loaded from, and the `:hash` of its content, SHA-256 in hexadecimal; both empty
      behind a port that was opened without this client
    * `:operations` - the numbers of its operations by name
    * `:state` - `:starting`, `:open`, `:closing` or `:closed`
    * `:owner` - the process that it belongs to and ends with
    * `:port` - its port, in the hosts `:driver` and `:program`
    * `:os_pid` - its OS process, in the host `:program`
    * `:queue` - `:requests` that are open, running or queued, and `:bytes` of their bodies; `:limit` and
      `:bytes_limit`, how many may be
    * `:counts` - since it was opened: requests run `:inline`, on their caller's scheduler thread, and `:deferred`, on
      a worker; `:errors`, that the service refused or could not read, and unknown operations; `:panics`; `:cancelled`
      ones, by their caller's time-out, death or will; `:busy`, refused because the queue was full; `:events` sent;
      `:overruns`, inline runs of 1 ms of CPU time or more
    * `:times` - for each operation that has run, by name, how long the service worked, `:inline` and `:deferred`
      apart: `:count`, `:p50`, `:p99` and `:max`
    * `:overall` - the same of all operations together

  All times are nanoseconds of wall time, without the time in the queue. The maximum is exact, the median and the 99th
  percentile are wrong by a sixteenth at most, and by 4 ns below 64 ns; all are 0 where `:count` is.
  """
  @type info :: :linkspan.info()

  @typedoc "An option of `start_link/1` and `open/1`."
  @type option :: {atom(), term()}

  alias Linkspan.Options

  @default_timeout 5000

  @doc """
  Makes the module of a typed service, at compile time.

      defmodule MyApp.Sum do
        use Linkspan, otp_app: :my_app, library: "sum"
      end

      {:ok, sum} = MyApp.Sum.start_link(start: [total: 5], host: :nif)
      {:ok, 8} = MyApp.Sum.add(sum, 3)

  The library, `priv/native/sum.so` of the application, is asked for its operations, with their documentation, the
  names and types of their arguments, and their results. The module has `start_link/1`, `open/1`, `child_spec/1`, and for
  each operation a function and one with `!`. It is compiled again when the library changes; and a library that has
  changed since is refused when an instance starts, with what differs.

  Options: `:otp_app` and `:library`, required; `:service`, by default the library's name.
  """
  defmacro __using__(options), do: Linkspan.Typed.define(__CALLER__, options)

  @doc """
  Starts a process that owns an instance, linked to the caller.

  Returns when the service has started. If it cannot start, its error is returned and the caller lives.
  """
  @spec start_link([option()]) :: {:ok, pid()} | {:error, {:already_started, pid()} | reason()}
  def start_link(options), do: Options.checked(fn -> :linkspan.start_link(options) end)

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
  def open(options), do: Options.checked(fn -> :linkspan.open(options) end)

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
    server |> call(operation, body, timeout) |> Linkspan.Error.value!(server, operation)
  end

  @doc """
  Sends a request that nobody waits for.

  Returns when it has been accepted; `:ok` says nothing of how it went. If the queue is full, it waits for room at
  most 5000 ms.
  """
  @spec cast(server(), operation(), iodata()) :: :ok | {:error, reason()}
  def cast(server, operation, body \\ ""), do: :linkspan.cast(server, operation, body)

  @doc """
  Asks without waiting.

  The answer is fetched by the same process, with `receive_response/2`, `wait_response/2` or `check_response/2`, which
  mean what they do in `:gen_server`: `{:reply, result}` with what `call/4` would have returned. Nothing ever runs on
  the caller's scheduler thread. A full queue answers `{:error, :busy}`.

      requests = for n <- 1..3, do: Linkspan.send_request(server, :echo_long, to_string(n))
      for request <- requests, do: {:reply, {:ok, _}} = Linkspan.receive_response(request)
  """
  @spec send_request(server(), operation(), iodata()) :: :linkspan.request_id()
  def send_request(server, operation, body \\ ""),
    do: :linkspan.send_request(server, operation, body)

  @doc """
  Waits for the answer to a request. After a time-out, `:timeout`, the request is given up: its answer does not come
  any more, and its work is told to stop.
  """
  @spec receive_response(:linkspan.request_id(), timeout()) ::
          {:reply, {:ok, binary()} | {:error, reason()}} | :timeout
  def receive_response(request, timeout \\ @default_timeout),
    do: :linkspan.receive_response(request, timeout)

  @doc "Waits for the answer to a request. After a time-out, `:timeout`, one may wait again."
  @spec wait_response(:linkspan.request_id(), timeout()) ::
          {:reply, {:ok, binary()} | {:error, reason()}} | :timeout
  def wait_response(request, timeout \\ @default_timeout),
    do: :linkspan.wait_response(request, timeout)

  @doc "Whether a message that this process has received is the answer to a request; `:no_reply` if it is not."
  @spec check_response(term(), :linkspan.request_id()) ::
          {:reply, {:ok, binary()} | {:error, reason()}} | :no_reply
  defdelegate check_response(message, request), to: :linkspan

  @doc """
  Gives a request up, and tells its work to stop.

  `{:error, :cancelled}`: no answer will come. `{:reply, result}`: it had come before.
  """
  @spec cancel(:linkspan.request_id()) ::
          {:error, :cancelled} | {:reply, {:ok, binary()} | {:error, reason()}}
  defdelegate cancel(request), to: :linkspan

  @doc """
  An answer in parts: a lazy enumerable of binaries.

  Nothing is sent before it is enumerated. Then the service makes as many parts as `:window` has room for, and goes on
  as they are taken: a slow reader slows it down, and one that halts early ends the work. Other requests to the service
  go on meanwhile. An operation whose answer is a plain one is a stream of one part.

  Raises `Linkspan.Error` where the stream ends otherwise than by its end.

  ## Options

    * `:timeout` - milliseconds to wait for each part, or `:infinity`. Default: 5000.
    * `:window` - parts that may be under way at once. Default: 16.

  ## Example

      iex> {:ok, echo} = Linkspan.start_link(service: :echo)
      iex> echo |> Linkspan.stream(:count_to, "1000000") |> Enum.take(3)
      ["1", "2", "3"]
  """
  @spec stream(server(), operation(), iodata(), timeout: timeout(), window: pos_integer()) ::
          Enumerable.t()
  def stream(server, operation, body \\ "", options \\ []) do
    {timeout, options} = Keyword.pop(options, :timeout, @default_timeout)

    start = fn ->
      Options.checked(fn -> :linkspan.stream(server, operation, body, options) end)
      |> Linkspan.Error.value!(server, operation)
    end

    next = fn stream ->
      case :linkspan.next(stream, timeout) do
        {:ok, part, stream} -> {[part], stream}
        :done -> {:halt, stream}
        {:error, reason} -> raise Linkspan.Error.of(reason, server, operation)
      end
    end

    Stream.resource(start, next, &:linkspan.close_stream/1)
  end

  @doc "The instance behind a server. Worth while before a loop of many calls: it is looked up once."
  @spec handle(server()) :: instance() | {:error, :closed}
  defdelegate handle(server), to: :linkspan

  @doc """
  The lane of a server that `key` is pinned to.

  What one caller asks of it is handled in that order; between lanes there is no order. An instance that was opened
  without `:lanes` is its only one.

      {:ok, server} = Linkspan.start_link(service: :echo, lanes: System.schedulers_online())
      {:ok, "hi"} = server |> Linkspan.lane("user 17") |> Linkspan.call(:echo, "hi")
  """
  @spec lane(server(), term()) :: instance() | {:error, :closed}
  defdelegate lane(server, key), to: :linkspan

  @doc """
  Makes `pid` the owner of an instance that the caller has opened.

  The instance is linked to `pid` from then on and ends with it; its link to the caller is gone. Events go to whom they
  went before. `{:error, :not_owner}` if it is not the caller's, or belongs to a server; `{:error, :noproc}` if `pid`
  has ended. Otherwise than `Port.connect/2`, which leaves the caller linked.
  """
  @spec connect(instance(), pid()) :: :ok | {:error, :not_owner | :noproc | :closed}
  defdelegate connect(instance, pid), to: :linkspan

  @doc """
  What is known of an instance: a map, see `t:info/0`.

  Does not wait for what the instance does. Of several lanes it tells the sums of queues and counts, and each under
  `:lanes`.

      %{counts: %{inline: 3}, times: %{"eval" => %{inline: %{p99: nanoseconds}}}} = Linkspan.info(js)
  """
  @spec info(server()) :: info() | :linkspan.lanes_info() | {:error, reason()}
  defdelegate info(server), to: :linkspan

  @doc """
  All instances of this node.

  Those that were opened by this client, in every host, and those behind plain ports of the driver, whose operations go
  by number. Plain ports of the program are known to their owners alone.
  """
  @spec instances() :: [instance()]
  defdelegate instances(), to: :linkspan

  @doc """
  Prints a table of all instances of this node, to the group leader.

  One line each, sorted by service: the name of its server, or else the process or port it ends with; host, service and
  state; open requests, runs inline and deferred, errors and overruns; median and 99th percentile of the time that its
  operations took. One that does not answer within a second is shown as such. The last line is the sum.
  """
  @spec table() :: :ok
  defdelegate table(), to: :linkspan
end
