# An interpreter that keeps its state between calls, and shares it with no other.

defmodule Demo.State do
  @moduledoc false

  import Demo.{Expect, Output}

  def show(host) do
    {:ok, js} = Linkspan.start_link(service: :script, host: host)
    {:ok, other} = Linkspan.start_link(service: :script, host: host)

    :ok = Linkspan.cast(js, :eval, "a = 1")
    :ok = Linkspan.cast(js, :eval, "while (a < 10) a *= 3")
    a = js |> Linkspan.call(:eval, "a") |> equal!({:ok, "27"}, "#{host}: a") |> ok!("a")

    seen = Linkspan.call(other, :eval, "typeof a")
    type = seen |> equal!({:ok, "undefined"}, "#{host}: typeof a elsewhere") |> ok!("typeof a")

    say(host, "a = 1; while (a < 10) a *= 3; a -> #{a}; elsewhere typeof a -> #{type}")
    Enum.each([js, other], &Linkspan.stop/1)
  end
end
