# The end of the VM with work that runs, and with work that hangs and never asks whether it should stop: the exit status
# is 0, nothing crashes, and no OS process is left.
defmodule Linkspan.HaltTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually
  alias Linkspan.VirtualMachine

  # As many of each host as keep every worker busy, and something queued behind each.
  defp code(host, operation, finish) do
    """
    ok = linkspan:load(),
    Open = fun(_) -> {ok, I} = linkspan:open([{service, echo}, {host, #{host}}]), I end,
    Instances = lists:map(Open, lists:seq(1, erlang:system_info(schedulers))),
    Ask = fun(I, Operation, Body) -> spawn(fun() -> linkspan:call(I, Operation, Body, infinity) end) end,
    Wait = fun Wait(I, N) ->
        case linkspan:info(I) of
            \#{queue := \#{requests := N}} -> ok;
            \#{} -> receive after 1 -> Wait(I, N) end
        end
    end,
    [begin Ask(I, #{operation}, <<"86400000000">>), Wait(I, 1), Ask(I, echo_long, <<>>), Wait(I, 2) end
        || I <- Instances],
    Pids = [integer_to_list(P) || I <- Instances, {ok, P} <- [maps:find(os_pid, linkspan:info(I))]],
    io:format("~s~n", [lists:join(" ", [os:getpid() | Pids])]),
    #{finish}.
    """
  end

  for host <- [:driver, :nif, :program],
      operation <- [:spin, :hang],
      finish <- ["halt()", "init:stop()"] do
    test "#{finish} ends the VM with a request that #{operation}s in the #{host} host" do
      vm = VirtualMachine.run(code(unquote(host), unquote(operation), unquote(finish)))
      os_pids = vm |> VirtualMachine.line() |> String.split()
      assert VirtualMachine.ended(vm) == {0, []}
      for os_pid <- os_pids, do: eventually(fn -> not os_process?(os_pid) end)
      assert VirtualMachine.remains(vm) == []
      if unquote(host) == :program, do: assert(length(os_pids) > 1)
    end
  end

  # By frames, as by the client.
  for finish <- ["halt()", "init:stop()"] do
    test "#{finish} ends the VM with a plain port that hangs" do
      code = """
      ok = linkspan:load(),
      Port = open_port({spawn_driver, "linkspan echo"}, [binary]),
      true = port_command(Port, <<1, 0:16, 14:32, 16\#FFFFFFFF:32>>),
      true = port_command(Port, <<1, 0:16, 2:32, 16\#FFFFFFFF:32>>),
      Wait = fun Wait() ->
          case port_control(Port, 16\#C0000006, <<>>) of
              <<1, 2:64, _:64, _:64, 1:64, _/binary>> -> ok;
              _ -> receive after 1 -> Wait() end
          end
      end,
      Wait(),
      #{unquote(finish)}.
      """

      vm = VirtualMachine.run(code)
      assert VirtualMachine.ended(vm) == {0, []}
      assert VirtualMachine.remains(vm) == []
    end
  end
end
