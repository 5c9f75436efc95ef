# Answers in parts, in every host; and in the nif host with dirty schedulers.
variants = [
  driver: [host: :driver],
  nif: [host: :nif],
  program: [host: :program],
  dirty_cpu: [host: :nif, deferred: :dirty_cpu]
]

for {variant, options} <- variants do
  defmodule Module.concat(Linkspan.StreamTest, variant) do
    use ExUnit.Case, async: true
    import Linkspan.Eventually

    @options options
    @moduletag timeout: 300_000, host: options[:host]
    # Only bounds a hang.
    @bound 60_000

    if variant == :driver, do: doctest(Linkspan, only: [stream: 4])

    defp echo(options \\ []), do: start([service: :echo] ++ @options ++ options)

    defp number(server, operation),
      do: server |> Linkspan.call!(operation, "", @bound) |> String.to_integer()

    defp dropped(server), do: eventually(fn -> number(server, :streams) == 0 end)

    # So many parts of an open stream.
    defp take(stream, 0), do: {[], stream}

    defp take(stream, count) do
      {:ok, part, stream} = :linkspan.next(stream, @bound)
      {parts, stream} = take(stream, count - 1)
      {[part | parts], stream}
    end

    # What is left in the mailbox when everything before has been answered or dropped.
    defp messages(server) do
      {:ok, "end"} = Linkspan.call(server, :echo_long, "end", @bound)
      {:messages, messages} = Process.info(self(), :messages)
      messages
    end

    # A process that opens an endless stream, reads a part of it and waits.
    defp reader(server) do
      test = self()

      pid =
        spawn(fn ->
          {:ok, stream} = :linkspan.stream(server, :forever, "", [])
          {:ok, "1", _} = :linkspan.next(stream, @bound)
          send(test, {:reads, self()})
          Process.sleep(:infinity)
        end)

      assert_receive {:reads, ^pid}, @bound
      pid
    end

    test "all parts come, in order" do
      server = echo()
      expected = Enum.map(1..10_000, &Integer.to_string/1)

      for window <- [1, 2, 3, 16, 10_000] do
        assert server |> Linkspan.stream(:count_to, "10000", window: window) |> Enum.to_list() ==
                 expected
      end

      assert server |> Linkspan.stream(:count_to, "0") |> Enum.to_list() == []
      assert messages(server) == []
      assert %{queue: %{requests: 0, bytes: 0}} = Linkspan.info(server)
    end

    test "a stream is named as an operation is, and its body may be long" do
      server = echo()
      body = String.duplicate("0", 100_000) <> "3"
      assert server |> Linkspan.stream(20, body) |> Enum.to_list() == ["1", "2", "3"]
      assert server |> Linkspan.stream("count_to", ["1", ?0]) |> Enum.count() == 10
      assert :linkspan.stream(server, :nope, "") == {:error, {:unknown_operation, :nope}}

      assert [part] =
               server |> Linkspan.stream(:echo, String.duplicate("x", 70_000)) |> Enum.to_list()

      assert byte_size(part) == 70_000
    end

    test "a slow reader holds the service back" do
      server = echo()

      for window <- [1, 5, 16] do
        before = number(server, :produced)
        {:ok, stream} = :linkspan.stream(server, :forever, "", window: window)

        for taken <- [1, 2, 40], reduce: {stream, 0} do
          {stream, so_far} ->
            {_, stream} = take(stream, taken)
            so_far = so_far + taken
            # A call is handled when the parts are that there was room for.
            assert (number(server, :produced) - before) in so_far..(so_far + window)
            {stream, so_far}
        end

        assert :linkspan.close_stream(stream) == :ok
        dropped(server)
      end
    end

    test "a stream that is halted early is dropped" do
      server = echo()
      assert server |> Linkspan.stream(:forever) |> Enum.take(3) == ["1", "2", "3"]
      dropped(server)
      assert catch_throw(server |> Linkspan.stream(:forever) |> Enum.each(&throw/1)) == "1"
      dropped(server)
      assert messages(server) == []
      assert %{queue: %{requests: 0}} = Linkspan.info(server)
    end

    test "an error ends a stream" do
      server = echo()
      {:ok, stream} = :linkspan.stream(server, :stream_fail, "2")
      {["1", "2"], stream} = take(stream, 2)
      assert :linkspan.next(stream, @bound) == {:error, {:service, 42, "told to fail"}}
      assert :linkspan.next(stream, @bound) == {:error, :closed}
      assert :linkspan.close_stream(stream) == :ok

      error =
        assert_raise Linkspan.Error, fn ->
          server |> Linkspan.stream(:stream_fail, "2") |> Enum.to_list()
        end

      assert %{reason: {:service, 42, "told to fail"}, service: "echo", operation: :stream_fail} =
               error

      assert_raise Linkspan.Error, fn ->
        server |> Linkspan.stream(:count_to, "x") |> Enum.to_list()
      end

      dropped(server)
    end

    test "a panic ends the stream and the instance" do
      server = echo()
      down = Process.monitor(server)
      {:ok, stream} = :linkspan.stream(server, :stream_panic, "2")
      {["1", "2"], stream} = take(stream, 2)
      assert {:error, {:panic, "told to panic at " <> _}} = :linkspan.next(stream, @bound)
      assert_receive {:DOWN, ^down, :process, _, {:panic, _}}, @bound
    end

    test "a panic ends the stream alone, where the instance is kept" do
      server = echo(on_panic: :keep)
      {:ok, other} = :linkspan.stream(server, :count_to, "100")
      {:ok, stream} = :linkspan.stream(server, :stream_panic, "0")
      assert {:error, {:panic, _}} = :linkspan.next(stream, @bound)
      assert {parts, _} = take(other, 100)
      assert List.last(parts) == "100"
    end

    test "after a time-out nothing comes any more" do
      server = echo()

      for n <- 1..3000 do
        {:ok, stream} = :linkspan.stream(server, :forever, "", window: 1 + rem(n, 40))
        read_late(stream, rem(n, 7))
      end

      dropped(server)
      assert messages(server) == []
      assert %{queue: %{requests: 0, bytes: 0}} = Linkspan.info(server)
      assert Process.get_keys() |> Enum.filter(&match?({:linkspan_stream, _}, &1)) == []
    end

    # Takes parts that are there until one is not, or so many.
    defp read_late(stream, 0), do: :ok = :linkspan.close_stream(stream)

    defp read_late(stream, left) do
      case :linkspan.next(stream, 0) do
        {:ok, _, stream} -> read_late(stream, left - 1)
        {:error, :timeout} -> :ok
      end
    end

    test "a time-out ends the stream" do
      server = echo()
      running = Task.async(fn -> Linkspan.call(server, :sleep, "86400000000", :infinity) end)
      eventually(fn -> Linkspan.info(server).counts.deferred == 1 end)
      {:ok, stream} = :linkspan.stream(server, :count_to, "3")
      assert :linkspan.next(stream, 1) == {:error, :timeout}

      assert_raise Linkspan.Error, fn ->
        server |> Linkspan.stream(:forever, "", timeout: 1) |> Enum.to_list()
      end

      Task.shutdown(running, :brutal_kill)
      assert messages(server) == []
    end

    test "a stream ends with its reader" do
      server = echo()
      readers = for _ <- 1..5, do: reader(server)
      assert number(server, :streams) == 5
      for reader <- readers, do: Process.exit(reader, :kill)
      dropped(server)
      eventually(fn -> match?(%{queue: %{requests: 0}}, Linkspan.info(server)) end)
    end

    test "a stream ends with the owner of its instance" do
      server = echo()
      {:ok, stream} = :linkspan.stream(server, :forever, "", window: 1)
      {["1"], stream} = take(stream, 1)
      Process.exit(server, :kill)
      assert closed(stream) == {:error, :closed}
      eventually(fn -> :linkspan.stream(server, :forever, "") == {:error, :closed} end)
    end

    test "a stream ends when its instance is closed" do
      {:ok, instance} = Linkspan.open([service: :echo] ++ @options)
      {:ok, parked} = :linkspan.stream(instance, :forever, "", window: 1)
      {:ok, endless} = :linkspan.stream(instance, :forever, "", window: 1_000_000)
      {["1"], endless} = take(endless, 1)
      {["1"], parked} = take(parked, 1)
      assert Linkspan.close(instance) == :ok
      assert closed(parked) == {:error, :closed}
      assert closed(endless) == {:error, :closed}
      refute_received _

      case :linkspan.stream(instance, :forever, "") do
        {:error, :closed} -> :ok
        {:ok, stream} -> assert :linkspan.next(stream, @bound) == {:error, :closed}
      end
    end

    # The end of a stream, behind what was under way.
    defp closed(stream) do
      case :linkspan.next(stream, @bound) do
        {:ok, _, stream} -> closed(stream)
        closed -> closed
      end
    end

    test "calls and other streams go on during a stream" do
      server = echo()
      {:ok, one} = :linkspan.stream(server, :forever, "", window: 4)
      {:ok, other} = :linkspan.stream(server, :forever, "", window: 9)

      for n <- 1..200, reduce: {one, other} do
        {one, other} ->
          assert {:ok, "hi"} = Linkspan.call(server, :echo, "hi", @bound)
          assert {:ok, part, one} = :linkspan.next(one, @bound)
          assert {:ok, ^part, other} = :linkspan.next(other, @bound)
          assert part == Integer.to_string(n)
          {one, other}
      end
    end

    test "an endless stream that nobody reads takes no memory and no time" do
      server = echo()
      {:ok, _stream} = :linkspan.stream(server, :forever, "", window: 16)
      eventually(fn -> number(server, :produced) == 16 end)
      for _ <- 1..100, do: {:ok, "hi"} = Linkspan.call(server, :echo_long, "hi", @bound)
      assert number(server, :produced) == 16
      assert Process.info(self(), :message_queue_len) == {:message_queue_len, 16}
      assert %{queue: %{requests: 1}} = Linkspan.info(server)
    end

    test "open streams count in the queue" do
      server = echo(queue: [limit: 2, full: :error])
      {:ok, one} = :linkspan.stream(server, :forever, "", window: 1)
      {:ok, other} = :linkspan.stream(server, :forever, "", window: 1)
      {["1"], one} = take(one, 1)
      {["1"], _other} = take(other, 1)
      assert Linkspan.call(server, :echo_long, "hi") == {:error, :busy}
      {:ok, refused} = :linkspan.stream(server, :forever, "")
      assert :linkspan.next(refused, @bound) == {:error, :busy}
      assert :linkspan.close_stream(one) == :ok
      eventually(fn -> Linkspan.call(server, :echo_long, "hi") == {:ok, "hi"} end)
    end

    test "a stream waits for room within the time-out of its first part" do
      server = echo(queue: [limit: 1, full: :wait])
      {:ok, first} = :linkspan.stream(server, :forever, "", window: 1)
      {["1"], first} = take(first, 1)
      {:ok, late} = :linkspan.stream(server, :count_to, "2")
      assert :linkspan.next(late, 1) == {:error, :timeout}

      waiting =
        Task.async(fn ->
          server |> Linkspan.stream(:count_to, "2", timeout: @bound) |> Enum.to_list()
        end)

      eventually(fn -> Linkspan.info(server).counts.busy > 1 end)
      assert :linkspan.close_stream(first) == :ok
      assert Task.await(waiting, @bound) == ["1", "2"]
      refute_received _
    end

    test "a plain answer is a stream of one part, and a stream is no answer to a call" do
      server = echo()
      assert server |> Linkspan.stream(:echo, "hi") |> Enum.to_list() == ["hi"]
      assert server |> Linkspan.stream(:echo_long, "", window: 1) |> Enum.to_list() == [""]
      bad = {:bad_request, "the answer is a stream: ask for it with stream/3"}

      # Deferred and inline: what count_to costs is learnt.
      for _ <- 1..40, do: assert(Linkspan.call(server, :count_to, "1") == {:error, bad})
      assert Linkspan.call(server, :forever) == {:error, bad}
      errors = Linkspan.info(server).counts.errors
      assert errors == 41
      assert Linkspan.cast(server, :forever, "") == :ok
      eventually(fn -> Linkspan.info(server).counts.errors == errors + 1 end)
      dropped(server)
    end

    test "lanes: a stream comes from one of them" do
      server = echo(lanes: 3)
      expected = Enum.map(1..100, &Integer.to_string/1)

      for _ <- 1..10 do
        assert server |> Linkspan.stream(:count_to, "100") |> Enum.to_list() == expected
      end

      assert server |> Linkspan.lane(:key) |> Linkspan.stream(:forever) |> Enum.take(2) == [
               "1",
               "2"
             ]
    end

    test "streams in a table of readers at once" do
      server = echo()
      expected = Enum.map(1..500, &Integer.to_string/1)

      1..20
      |> Enum.map(fn n ->
        Task.async(fn ->
          server |> Linkspan.stream(:count_to, "500", window: n) |> Enum.to_list()
        end)
      end)
      |> Task.await_many(@bound)
      |> Enum.each(&assert(&1 == expected))
    end

    test "options are checked" do
      server = echo()

      for options <- [[window: 0], [window: :big], [size: 1], [window: 1, window: 2]] do
        assert_raise ArgumentError, fn ->
          server |> Linkspan.stream(:forever, "", options) |> Enum.take(1)
        end
      end

      assert_raise ArgumentError, fn -> :linkspan.stream(server, :forever, :no_iodata) end
      {:ok, stream} = :linkspan.stream(server, :forever, "")
      assert_raise ArgumentError, fn -> :linkspan.next(stream, -1) end
      assert :linkspan.close_stream(stream) == :ok
      dropped(server)
      assert messages(server) == []
    end
  end
end
