# The example in Ruby: a program of another make than Linkspan's, in the program host. One host: only this one has programs.
defmodule Linkspan.RubyTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  @example Path.expand("../examples/ruby", __DIR__)
  @bound 10_000

  Code.require_file(Path.join(@example, "ruby.ex"))

  defp interpreter(options \\ []) do
    {:ok, ruby} = Ruby.start_link(options)
    Process.unlink(ruby)
    on_exit(fn -> Process.exit(ruby, :kill) end)
    ruby
  end

  defp eval(ruby, code), do: Ruby.eval(ruby, code, @bound)
  defp os_pid(ruby), do: Linkspan.info(ruby).os_pid

  test "it does what its README says" do
    page = File.read!(Path.join(@example, "README.md"))
    [code] = Regex.run(~r/^```elixir\n(.*?)^```/ms, page, capture: :all_but_first)
    ExUnit.CaptureLog.capture_log(fn -> Code.eval_string(code) end)
  end

  test "terms are the same there and back" do
    ruby = interpreter()
    {:ok, nil} = eval(ruby, "def same(value) = value; nil")

    for term <- [
          nil,
          true,
          false,
          0,
          -1,
          255,
          -2_147_483_648,
          2_147_483_648,
          Integer.pow(2, 64),
          -Integer.pow(3, 2000),
          1.5,
          -0.1,
          "",
          "grüße",
          <<255, 0>>,
          [],
          [1, 300, -5],
          [[], [nil]],
          %{},
          %{"a" => %{1 => [2.5]}}
        ] do
      assert Ruby.call(ruby, :same, [term], @bound) == {:ok, term}
    end

    # What Ruby has no other form for.
    assert Ruby.call(ruby, :same, [{:tuple, :of, ~c"abc"}], @bound) ==
             {:ok, ["tuple", "of", ~c"abc"]}
  end

  test "what cannot be a term, or was none, is an error and no end" do
    ruby = interpreter()
    assert eval(ruby, "Object.new") == {:error, {:service, 2, "no term for a Object"}}
    assert {:error, {:service, 2, "Erlang has no number NaN"}} = eval(ruby, "0.0 / 0")
    assert {:error, {:service, 1, "not a term"}} = Linkspan.call(ruby, :call, "junk", @bound)
    binary = :erlang.term_to_binary({:a, "text"})

    for length <- 1..(byte_size(binary) - 1) do
      assert {:error, {:service, 1, _}} =
               Linkspan.call(ruby, :call, binary_part(binary, 0, length), @bound)
    end

    assert {:error, {:service, 1, "SyntaxError:" <> _}} = eval(ruby, "1 +")
    assert {:error, {:service, 1, "SystemStackError:" <> _}} = eval(ruby, "def f = f; f")
    assert {:error, {:unknown_operation, :exec}} = Linkspan.call(ruby, :exec)
    assert {:error, {:unknown_operation, 99}} = Linkspan.call(ruby, 99)
    assert {:error, {:bad_request, "there are no streams here"}} = stream(ruby)
    assert eval(ruby, "1") == {:ok, 1}
  end

  defp stream(ruby) do
    {:ok, stream} = :linkspan.stream(ruby, :eval, "1")
    :linkspan.next(stream, @bound)
  end

  test "the start argument is code, and what it raises an error of start_link" do
    ruby = interpreter(argument: "a = 7")
    assert eval(ruby, "a") == {:ok, 7}
    Process.flag(:trap_exit, true)
    assert Ruby.start_link(argument: "raise 'no'") == {:error, {:service, 1, "RuntimeError: no"}}
  end

  test "events come unasked" do
    {:ok, ruby} = Ruby.start_link()
    :ok = Ruby.cast(ruby, "emit(['news', 1])")
    assert_receive {:linkspan, _, {:event, event}}, @bound
    assert :erlang.binary_to_term(event, [:safe]) == ["news", 1]
  end

  test "a cancel interrupts what runs and drops what waits, and nothing else" do
    ruby = interpreter()
    running = Linkspan.send_request(ruby, :eval, "loop {}")
    eventually(fn -> Linkspan.info(ruby).queue.requests == 1 end)
    waiting = Linkspan.send_request(ruby, :eval, "$waited = true")
    kept = Linkspan.send_request(ruby, :eval, "$waited")
    assert Linkspan.cancel(waiting) == {:error, :cancelled}
    assert Linkspan.cancel(running) == {:error, :cancelled}
    assert {:reply, {:ok, reply}} = Linkspan.receive_response(kept, @bound)
    assert :erlang.binary_to_term(reply) == nil
    assert %{counts: %{cancelled: 2}, queue: %{requests: 0}} = Linkspan.info(ruby)
  end

  # A cancel that comes at the end of one request must not interrupt the next.
  test "cancels at any time hit only whom they mean" do
    ruby = interpreter()

    for _ <- 1..300 do
      doomed = Linkspan.send_request(ruby, :eval, "1")
      kept = Linkspan.send_request(ruby, :eval, "2")
      Linkspan.cancel(doomed)
      assert {:reply, {:ok, reply}} = Linkspan.receive_response(kept, @bound)
      assert :erlang.binary_to_term(reply) == 2
    end
  end

  test "a full queue refuses, and tells when there is room" do
    ruby = interpreter(queue: [limit: 1, full: :error])
    running = Linkspan.send_request(ruby, :eval, "loop {}")
    eventually(fn -> Linkspan.info(ruby).queue.requests == 1 end)
    assert eval(ruby, "1") == {:error, :busy}
    Linkspan.cancel(running)
    assert eval(ruby, "1") == {:ok, 1}

    patient = interpreter(queue: [limit: 1])
    answers = for n <- 1..20, do: Task.async(fn -> eval(patient, to_string(n)) end)
    assert Task.await_many(answers, @bound) == for(n <- 1..20, do: {:ok, n})
  end

  test "a killed program is told to who waits and is noticed by its owner" do
    ruby = interpreter()
    monitor = Process.monitor(ruby)
    assert eval(ruby, "Process.kill(:KILL, $$); sleep") == {:error, {:signal, 9}}
    assert_receive {:DOWN, ^monitor, :process, _, {:signal, 9}}, @bound
  end

  test "it ends with its owner in the middle of a request, and takes no notice of its children" do
    ruby = interpreter()
    # A child that would keep the pipes open, had it inherited them.
    {:ok, child} = eval(ruby, "spawn('sleep 1000')")
    on_exit(fn -> System.cmd("kill", ["#{child}"]) end)
    os_pid = os_pid(ruby)
    Linkspan.send_request(ruby, :eval, "loop {}")
    eventually(fn -> Linkspan.info(ruby).queue.requests == 1 end)
    Process.exit(ruby, :kill)
    eventually(fn -> not os_process?(os_pid) end)
  end

  test "it ends with the VM" do
    program = Path.join(@example, "evaluator.rb")

    vm =
      VirtualMachine.run("""
      {ok, _} = application:ensure_all_started(linkspan),
      {ok, I} = linkspan:open([{service, ruby}, {host, program}, {program, "#{program}"}]),
      _ = linkspan:send_request(I, eval, "loop {}"),
      #{"#"}{os_pid := P} = linkspan:info(I),
      io:format("~b ~s~n", [P, os:getpid()]),
      receive after infinity -> ok end.
      """)

    # The instance belongs to the process that opened it, which therefore stays.
    [ruby, beam] = String.split(VirtualMachine.line(vm))
    assert os_process?(ruby)
    {_, 0} = System.cmd("kill", ["-9", beam])
    eventually(fn -> not os_process?(ruby) end)
  end

  test "by hand it says what it is for" do
    assert {message, 1} =
             System.cmd("sh", ["-c", "exec 3<&- 4<&-; exec ./evaluator.rb"],
               cd: @example,
               stderr_to_stdout: true
             )

    assert message =~ "is started by Linkspan"
  end
end
