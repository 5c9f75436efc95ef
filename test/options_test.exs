defmodule Linkspan.OptionsTest do
  use ExUnit.Case, async: true

  defp wrong(options) do
    error = assert_raise ArgumentError, fn -> Linkspan.open(options) end
    assert_raise ArgumentError, fn -> Linkspan.start_link(options) end
    Exception.message(error)
  end

  test "an option that is unknown, missing or ill-typed raises, and is named" do
    assert wrong([]) == "option :service is missing"
    assert wrong(service: 1) =~ "option :service is to be"
    assert wrong(service: nil) =~ "option :service is to be"
    assert wrong(service: "") =~ "option :service is to be"
    assert wrong(service: :echo, hots: :driver) =~ "option :hots is unknown"

    assert wrong(service: :echo, host: :moon) =~
             "option :host is to be one of [driver,nif,program]"

    assert wrong(service: :echo, argument: :a) =~ "option :argument is to be"
    assert wrong(service: :echo, library: :echo) =~ "option :library is to be"

    assert wrong(service: :echo, library: "echo.so") =~
             "option :library is to be an absolute path"

    assert wrong(service: :echo, library: {:nowhere, :echo}) =~ "which is no known application"

    for name <- ["../echo", "..", "a/b", "a\\b", "..\\echo", "/etc/echo"] do
      assert wrong(service: :echo, library: {:linkspan, name}) =~ "option :library is to name"
    end

    for path <- ["../echo.so", "./echo.so", "priv/native/echo.so", "~/echo.so"] do
      assert wrong(service: :echo, library: path) =~ "option :library is to be an absolute path"
    end

    for library <- [{:linkspan, "ec\0ho"}, "/lib/ec\0ho.so"] do
      assert wrong(service: :echo, library: library) == "option :library has a byte 0"
    end

    assert wrong(service: "ec\0ho") == "option :service has a byte 0"
    long = String.duplicate("e", 256)
    assert wrong(service: long) == "option :service is longer than 255 bytes"
    assert wrong(service: :echo, library: {:linkspan, long}) =~ "is longer than 255 bytes"

    assert wrong(service: :echo, library: "/" <> String.duplicate(long, 16)) ==
             "option :library is longer than 4095 bytes"

    for {program, what} <- [
          {"ruby.rb", "is to be an absolute path or {Application, File}"},
          {1, "is to be an absolute path or {Application, File}"},
          {{:nowhere, "x"}, "names nowhere, which is no known application"},
          {{:linkspan, "../src/x"}, "leads out of the priv folder"},
          {{:linkspan, "/bin/sh"}, "leads out of the priv folder"}
        ] do
      assert wrong(service: :echo, host: :program, program: program) =~ "option :program #{what}"
    end

    limited = [service: :echo, host: :program, program: "/bin/sh", limits: [files: 100]]
    assert wrong(limited) =~ "option :limits is for Linkspan's own program"

    for host <- [:driver, :nif] do
      assert wrong(service: :echo, host: host, program: "/bin/sh") ==
               "option :program is for host program"
    end

    assert wrong(service: :echo, name: "echo") =~ "option :name is to be"
    assert wrong(service: :echo, events: :me) =~ "option :events is to be"
    assert wrong(service: :echo, queue: 1) =~ "option :queue is to be a list"
    assert wrong(service: :echo, queue: [limit: 0]) =~ "option :limit is to be"
    assert wrong(service: :echo, queue: [full: :maybe]) =~ "option :full is to be one of"
    assert wrong(service: :echo, on_panic: :ignore) =~ "option :on_panic is to be one of"

    assert wrong(service: :echo, host: :nif, deferred: :dirty) =~
             "option :deferred is to be one of [workers,dirty_cpu,dirty_io]"

    for host <- [:driver, :program], deferred <- [:dirty_cpu, :dirty_io] do
      assert wrong(service: :echo, host: host, deferred: deferred) ==
               "option :deferred is to be workers in host #{host}: #{deferred} is for host nif"
    end

    assert wrong(:echo) == "option :options is to be a list"
    assert wrong([:echo]) =~ "option :echo is to be a pair"
  end

  # The last one was taken, whatever stood before it.
  test "an option that is given twice raises, and is named" do
    assert wrong(service: :echo, service: :script) == "option :service is given twice"
    assert wrong(service: :echo, host: :nif, host: :nif) == "option :host is given twice"
    assert wrong(service: :echo, queue: [limit: 1, limit: 2]) == "option :limit is given twice"

    assert wrong(service: :echo, host: :program, limits: [cpu: 1, cpu: 2]) ==
             "option :cpu is given twice"
  end

  # In some hosts it was ignored, in others registered.
  test "a name is for servers: open raises" do
    for host <- [:driver, :nif, :program], lanes <- [1, 2] do
      options = [service: :echo, host: host, lanes: lanes, name: :options_test_name]
      raised = assert_raise ArgumentError, fn -> Linkspan.open(options) end
      assert Exception.message(raised) =~ "option :name is for start_link"
      assert Process.whereis(:options_test_name) == nil
    end
  end

  test "a start argument that fits into no frame raises" do
    mebibyte = :binary.copy("x", 1024 * 1024)
    argument = List.duplicate(mebibyte, 1024)

    assert wrong(service: :echo, argument: argument) ==
             "option :argument is longer than 1073740800 bytes"
  end

  test "what binds a program raises where there is none, and is named if it is wrong" do
    for host <- [:driver, :nif], option <- [limits: [], env: []] do
      assert wrong([{:service, :echo}, {:host, host}, option]) ==
               "option #{inspect(elem(option, 0))} is for host program"
    end

    program = &wrong([service: :echo, host: :program] ++ &1)
    assert program.(limits: 1) == "option :limits is to be a list"
    assert program.(limits: [time: 1]) =~ "option :time is unknown; there are [memory,cpu,files,"
    assert program.(limits: [memory: 1]) == "option :memory is to be an integer from 67108864 on"
    assert program.(limits: [cpu: 0.5]) == "option :cpu is to be an integer from 1 on"
    assert program.(limits: [files: 15]) == "option :files is to be an integer from 16 on"
    assert program.(limits: [processes: 0]) == "option :processes is to be an integer from 1 on"
    assert program.(env: %{}) =~ "option :env is to be a list"
    assert program.(env: [1]) =~ "option :env is to be an atom, a string or a binary"
    assert program.(env: [{"A", 1}]) =~ "option :env is to give values as"
    assert program.(env: [{"A=B", "1"}]) == "option :env is to have names without ="
    assert program.(env: [{"", "1"}]) == "option :env is to be a text that is not empty"
    assert program.(env: [{"A", ""}]) == "option :env is to be a text that is not empty"
    assert program.(env: [{"A", "1\0"}]) == "option :env has a byte 0"
  end

  test "Erlang, Elixir and Cargo have the same version" do
    {:ok, version} = :application.get_key(:linkspan, :vsn)
    assert File.read!("Cargo.toml") =~ ~s(version = "#{version}")
    assert File.exists?(Application.app_dir(:linkspan, "priv/#{version}/linkspan.so"))
  end
end
