# Requests that never end, whatever they are told, in a VM of their own: their instances go, and others can be opened.
defmodule Linkspan.HangTest do
  use ExUnit.Case, async: true
  alias Linkspan.VirtualMachine

  for host <- [:driver, :nif] do
    test "as many hung requests as there are workers keep nobody from starting, in the #{host} host" do
      code = """
      ok = linkspan:load(),
      Open = fun() -> {ok, I} = linkspan:open([{service, echo}, {host, #{unquote(host)}}]), I end,
      Hung = [begin
          I = Open(),
          spawn(fun() -> linkspan:call(I, hang, <<>>, infinity) end),
          Wait = fun Wait() ->
              case linkspan:info(I) of
                  \#{counts := \#{deferred := 1}} -> ok;
                  _ -> receive after 1 -> Wait() end
              end
          end,
          Wait(),
          I
      end || _ <- lists:seq(1, 2)],
      [ok = linkspan:close(I) || I <- Hung],
      [{ok, <<"there">>} = linkspan:call(Open(), echo_long, <<"there">>) || _ <- lists:seq(1, 5)],
      io:format("all started~n"),
      halt().
      """

      vm = VirtualMachine.run(code, ["-linkspan", "workers", "2"])
      assert VirtualMachine.line(vm) == "all started"
      assert VirtualMachine.ended(vm) == {0, []}
    end
  end
end
