# Services in C: the example, as its README says, and what comes of answers that are none.
defmodule Linkspan.CServiceTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually

  @example Path.expand("../examples/c_service", __DIR__)

  test "the example does in every host what its README says" do
    page = File.read!(Path.join(@example, "README.md"))
    [command] = Regex.run(~r/^```sh\n(.*?)^```/ms, page, capture: :all_but_first)
    [code] = Regex.run(~r/^```elixir\n(.*?)^```/ms, page, capture: :all_but_first)
    # The commands stop at the first warning, too.
    assert {"", 0} =
             System.cmd(
               "sh",
               ["-ec", command <> "cc -Werror -Wextra -fsyntax-only -I ../../include tally.c"],
               cd: @example,
               stderr_to_stdout: true
             )

    Code.eval_string(code)
  end

  test "the header is C, also of 1999" do
    header = Path.expand("../include/linkspan.h", __DIR__)

    for standard <- ["c99", "c11"] do
      strict = [
        "-fsyntax-only",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-xc",
        "-std=#{standard}"
      ]

      # Twice: it guards itself.
      assert {"", 0} =
               System.cmd("cc", strict ++ ["-include", header, header], stderr_to_stdout: true)
    end
  end

  for host <- [:driver, :nif, :program] do
    describe "in the #{host} host" do
      @host host

      setup do
        %{library: compiled("garbage.c")}
      end

      test "a status that is none ends the instance, and is told to the caller", %{
        library: library
      } do
        for {operation, message} <- [
              status: "the service returned 4711, which is no status",
              negative: "the service returned -2147483648, which is no status",
              overflow: ~r/the service wrote \d+ bytes where there is room for \d+/,
              nowhere: "the service returned 10 bytes that are nowhere",
              endless: "the service returned 18446744073709551615 bytes that are nowhere",
              end: "the service returned 7, which is no status"
            ] do
          server = start(service: :garbage, library: library, host: @host)
          monitor = Process.monitor(server)
          assert {:error, {:panic, told}} = Linkspan.call(server, operation)
          assert told =~ message
          assert_receive {:DOWN, ^monitor, :process, _, {:panic, ^told}}, 10_000
        end
      end

      test "answers that are odd are passed on", %{library: library} do
        server = start(service: :garbage, library: library, host: @host)
        assert Linkspan.call(server, :empty) == {:ok, ""}
        assert Linkspan.call(server, :wordless) == {:error, {:service, 7, ""}}
        assert Linkspan.call(server, :words) == {:error, {:bad_request, <<0xFF>>}}
        assert Linkspan.call(server, :event) == {:ok, ""}
        assert Linkspan.call(server, :unknown) == {:error, {:unknown_operation, 13}}
        assert Linkspan.call(server, :leaves) == {:ok, ""}
        assert Linkspan.call(server, :silent) == {:error, {:service, 0, ""}}
        assert Linkspan.call(server, :leaves) == {:ok, ""}
        assert Linkspan.call(server, :empty) == {:ok, ""}
        assert server |> Linkspan.stream(:no_stream) |> Enum.to_list() == []

        assert_raise Linkspan.Error, ~r/-1/, fn ->
          server |> Linkspan.stream(:bad_stream) |> Enum.to_list()
        end
      end

      test "a start that returns no status is an error of start_link", %{library: library} do
        assert {:error, {:panic, "the service returned 4711, which is no status"}} =
                 Linkspan.start_link(
                   service: :garbage,
                   library: library,
                   host: @host,
                   argument: "x"
                 )
      end

      test "a service without one of its functions is no service" do
        library = compiled("no_call.c")

        assert {:error, {:not_a_library, ^library, "a service in its table has no function call"}} =
                 Linkspan.start_link(service: :no_call, library: library, host: @host)
      end
    end
  end
end
