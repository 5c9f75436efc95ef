# A caller: asks at random, in every way there is, and checks each answer and that nothing else comes. One long file: each
# kind of request with what may become of it.
defmodule Linkspan.Soak.Caller do
  @moduledoc false

  alias Linkspan.Soak.{Body, Fleet, Ledger}

  # What may happen to any request, since servers are killed, stopped and reopened all the time.
  @ends [:closed]
  @program_ends [:closed, :signal, :exit, :protocol]
  # No request takes longer, not even behind a program that is suspended; milliseconds.
  @bound 60_000

  # How often what is done.
  @actions [
             call: 40,
             impatient: 10,
             cast: 10,
             later: 10,
             given_up: 5,
             stream: 5,
             half_a_stream: 3,
             error: 5,
             busy_work: 5,
             info: 2,
             own: 2,
             panic: 1
           ]
           |> Enum.flat_map(fn {action, weight} -> List.duplicate(action, weight) end)

  # Of what was given up, the last few hundred: what is remembered of all requests would look like a leak.
  @remembered 200

  defstruct [:id, number: 0, given_up: MapSet.new(), given_up_before: MapSet.new(), casts: %{}]

  # Asks until it is told to stop; answers with what of its casts should have become events.
  def start_link(id) do
    pid = spawn_link(fn -> loop(%__MODULE__{id: id}) end)
    true = :ets.insert(__MODULE__, {pid, now(), :starting})
    pid
  end

  # Callers that have not moved for longer than any request may take, and where they are.
  def stuck do
    for {pid, since, what} <- :ets.tab2list(__MODULE__),
        now() - since > @bound,
        do: {pid, what, Process.info(pid, :current_stacktrace)}
  end

  def prepare, do: :ets.new(__MODULE__, [:named_table, :public, write_concurrency: true])

  defp now, do: System.monotonic_time(:millisecond)

  defp loop(state) do
    receive do
      {:stop, from} ->
        :ets.delete(__MODULE__, self())
        send(from, {:stopped, self(), state.casts})
        drain(state)
    after
      0 ->
        action = Enum.random(@actions)
        server = Fleet.random()
        true = :ets.insert(__MODULE__, {self(), now(), {action, server}})
        act(action, server, state) |> check_mailbox() |> loop()
    end
  end

  # Until the end of all: what comes now is too much as well.
  defp drain(state) do
    receive do
      :end -> :ok
      message -> drain(stray(message, state))
    end
  end

  defp check_mailbox(state) do
    receive do
      {:stop, _} = stop ->
        send(self(), stop)
        state

      message ->
        check_mailbox(stray(message, state))
    after
      0 -> forget(state)
    end
  end

  # Nothing was waiting for it: the answer to what was given up, or a second one.
  defp stray(message, state) do
    body = if is_tuple(message) and tuple_size(message) == 3, do: elem(message, 2)
    whose = is_binary(body) && Body.whose(body)
    late = whose in [nil, false] or given_up?(elem(whose, 1), state)
    Ledger.blame(if(late, do: :late, else: :duplicated), {self(), message})
    state
  end

  defp given_up?(number, state), do: number in state.given_up or number in state.given_up_before

  defp forget(%{given_up: given_up} = state) do
    if MapSet.size(given_up) < @remembered,
      do: state,
      else: %{state | given_up: MapSet.new(), given_up_before: given_up}
  end

  # A new request of that many, with a body of its own.
  defp next(state, size \\ nil) do
    state = %{state | number: state.number + 1}
    Ledger.count(:asked)

    body =
      if size,
        do: Body.make(state.id, state.number, size),
        else: Body.make(state.id, state.number)

    {body, state}
  end

  defp ends(server), do: if(Fleet.host(server) == :program, do: @program_ends, else: @ends)

  # Enters the answer to an echo.
  defp enter({:ok, body}, body, _allowed), do: Ledger.count(:answered)

  defp enter({:ok, other}, body, _allowed),
    do: Ledger.blame(:wrong, {Body.whose(other), byte_size(other), Body.whose(body)})

  defp enter({:error, _} = error, _body, allowed), do: Ledger.enter(error, allowed)

  defp act(:call, server, state) do
    {body, state} = next(state)
    operation = Enum.random([:echo, :echo, :echo_long])
    enter(Linkspan.call(server, operation, body, :infinity), body, [:busy | ends(server)])
    state
  end

  # Time-outs that race with answers.
  defp act(:impatient, server, state) do
    {body, state} = next(state)
    operation = Enum.random([:echo, :echo_long])
    result = Linkspan.call(server, operation, body, Enum.random([0, 0, 1, 2, 5]))
    enter(result, body, [:timeout, :busy | ends(server)])
    if result == {:error, :timeout}, do: gave_up(state, [state.number]), else: state
  end

  # Becomes an event, by which it is known that it ran, once and in its turn.
  defp act(:cast, server, state) do
    case Linkspan.lane(server, self()) do
      {:error, :closed} ->
        state

      lane ->
        Ledger.count(:asked)
        {known, generation, epoch, n} = Map.get(state.casts, server, {nil, 0, 0, 0})

        {generation, epoch, n} =
          if known == lane, do: {generation, epoch, n}, else: {generation + 1, 0, 0}

        event = {state.id, server, generation, epoch, n + 1}
        result = Linkspan.cast(lane, :emit, :erlang.term_to_binary(event))
        Ledger.enter(result, [:busy, :timeout | ends(server)])

        place =
          case result do
            :ok -> {lane, generation, epoch, n + 1}
            # It may have been accepted all the same.
            {:error, :timeout} -> {lane, generation, epoch + 1, 0}
            {:error, _} -> {lane, generation, epoch, n}
          end

        %{state | casts: Map.put(state.casts, server, place)}
    end
  end

  # Several at once, fetched in any order and any way.
  defp act(:later, server, state) do
    {requests, state} =
      Enum.map_reduce(1..:rand.uniform(6), state, fn _, state ->
        {body, state} = next(state)
        {{Linkspan.send_request(server, :echo, body), body}, state}
      end)

    for {request, body} <- Enum.shuffle(requests) do
      case fetch(Enum.random([:receive, :wait, :check]), request) do
        {:reply, result} -> enter(result, body, [:busy | ends(server)])
        :timeout -> Ledger.blame(:lost, {:later, server, Body.whose(body)})
      end
    end

    state
  end

  defp act(:given_up, server, state) do
    {body, state} = next(state)
    request = Linkspan.send_request(server, Enum.random([:echo, :sleep]), body_or_time(body))
    how = Enum.random([:cancel, 0, 1])

    result =
      if how == :cancel,
        do: Linkspan.cancel(request),
        else: Linkspan.receive_response(request, how)

    case result do
      {:reply, {:ok, _}} -> Ledger.count(:answered)
      {:reply, error} -> Ledger.enter(error, [:busy, :bad_request | ends(server)])
      :timeout -> Ledger.enter({:error, :timeout}, [:timeout])
      {:error, :cancelled} = error -> Ledger.enter(error, [:cancelled])
    end

    gave_up(state, [state.number])
  end

  defp act(:stream, server, state) do
    Ledger.count(:asked)
    last = :rand.uniform(100) - 1
    allowed = [:busy, :service | ends(server)]
    operation = Enum.random([:count_to, :count_to, :stream_fail])

    case :linkspan.stream(server, operation, "#{last}", window: Enum.random([1, 2, 16, 100])) do
      {:ok, stream} ->
        case {parts(stream, 1, last + 1), operation} do
          {{:done, ^last}, :count_to} -> Ledger.count(:answered)
          {{{:error, {:service, 42, _}}, ^last}, :stream_fail} -> Ledger.count(:service)
          {{{:error, _} = error, _}, _} -> Ledger.enter(error, List.delete(allowed, :service))
          {other, _} -> Ledger.blame(:wrong, {operation, last, other})
        end

      error ->
        Ledger.enter(error, allowed)
    end

    state
  end

  defp act(:half_a_stream, server, state) do
    Ledger.count(:asked)

    case :linkspan.stream(server, :forever, "", window: Enum.random([1, 4, 64])) do
      {:ok, stream} ->
        case parts(stream, 1, :rand.uniform(20)) do
          {{:more, stream}, _} ->
            :ok = :linkspan.close_stream(stream)
            Ledger.enter({:error, :cancelled}, [:cancelled])

          {error, _} ->
            Ledger.enter(error, [:busy | ends(server)])
        end

      error ->
        Ledger.enter(error, [:busy | ends(server)])
    end

    state
  end

  defp act(:error, server, state) do
    Ledger.count(:asked)

    {operation, body, allowed} =
      Enum.random([
        {:fail, "no", [:service]},
        {:refuse, "", [:bad_request]},
        {4711, "", [:unknown_operation]},
        {:term, <<131, 104, 255>>, [:bad_request]}
      ])

    case Linkspan.call(server, operation, body, :infinity) do
      {:ok, reply} -> Ledger.blame(:wrong, {operation, reply})
      error -> Ledger.enter(error, [:busy | allowed ++ ends(server)])
    end

    state
  end

  defp act(:busy_work, server, state) do
    Ledger.count(:asked)
    operation = Enum.random([:sleep, :spin, :work, :work_1])
    timeout = Enum.random([0, 1, 5, :infinity])
    result = Linkspan.call(server, operation, "#{:rand.uniform(2000)}", timeout)
    if match?({:ok, <<_, _::binary>>}, result), do: Ledger.blame(:wrong, {operation, result})
    Ledger.enter(result, [:busy, :timeout | ends(server)])
    state
  end

  defp act(:info, server, state) do
    case Linkspan.info(server) do
      %{queue: %{requests: requests}} when requests >= 0 -> :ok
      # Behind a program that is suspended it does not come in time.
      {:error, reason} when reason in [:closed, :timeout] -> :ok
      {:error, {kind, _}} when kind in [:signal, :exit, :protocol] -> :ok
      other -> Ledger.blame(:wrong, {:info, server, other})
    end

    state
  end

  # An instance of its own, from its start to its end.
  defp act(:own, _server, state) do
    {_variant, options} = Enum.random(Fleet.variants())
    argument = Enum.random(["", "", "", "fail", "panic"])

    case Linkspan.open([service: :echo, argument: argument] ++ options) do
      {:ok, instance} ->
        Ledger.count(:opened)
        {body, state} = next(state)
        enter(Linkspan.call(instance, :echo, body, :infinity), body, [])
        request = Linkspan.send_request(instance, :sleep, "1000000")
        Ledger.count(:asked)
        :ok = Linkspan.close(instance)

        case Linkspan.receive_response(request, @bound) do
          {:reply, error} -> Ledger.enter(error, [:closed])
          :timeout -> Ledger.blame(:lost, {:own, options})
        end

        state

      {:error, {:service, 7, "told to fail"}} when argument == "fail" ->
        state

      {:error, {:panic, _}} when argument == "panic" ->
        state

      other ->
        Ledger.blame(:refused, {:open, options, argument, other})
        state
    end
  end

  # Mostly where the instance lives on: servers are to be there most of the time.
  defp act(:panic, server, state) do
    server = if :rand.uniform(20) == 1, do: server, else: Fleet.lasting()
    Ledger.count(:asked)

    case Linkspan.call(server, Enum.random([:panic, :panic_short]), "boom", :infinity) do
      {:ok, reply} -> Ledger.blame(:wrong, {:panic, reply})
      error -> Ledger.enter(error, [:panic, :busy | ends(server)])
    end

    state
  end

  defp body_or_time(body), do: Enum.random([body, "1000"])

  defp gave_up(state, numbers),
    do: %{state | given_up: MapSet.union(state.given_up, MapSet.new(numbers))}

  defp fetch(:receive, request), do: Linkspan.receive_response(request, @bound)
  defp fetch(:wait, request), do: Linkspan.wait_response(request, @bound)

  # The first message, if that is its answer.
  defp fetch(:check, request) do
    receive do
      message ->
        with :no_reply <- Linkspan.check_response(message, request) do
          send(self(), message)
          fetch(:receive, request)
        end
    after
      @bound -> :timeout
    end
  end

  # Reads until the end, or so many parts: how it ended, and how many came.
  defp parts(stream, n, most) when n > most, do: {{:more, stream}, n - 1}

  defp parts(stream, n, most) do
    expected = "#{n}"

    case :linkspan.next(stream, @bound) do
      {:ok, ^expected, stream} ->
        Ledger.count(:parts)
        parts(stream, n + 1, most)

      {:ok, other, _stream} ->
        {{:unexpected, other}, n - 1}

      end_of_stream ->
        {end_of_stream, n - 1}
    end
  end
end
