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
    assert wrong(service: :echo, library: {:linkspan, "../echo"}) =~ "option :library is to name"
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

  test "every public function is documented and specified" do
    for module <- [Linkspan, Linkspan.Error] do
      assert {:docs_v1, _, :elixir, _, %{"en" => _}, _, docs} = Code.fetch_docs(module)
      {:ok, specs} = Code.Typespec.fetch_specs(module)
      specified = Enum.map(specs, &elem(&1, 0))

      for {{:function, name, arity}, _, _, doc, _} <- docs, module == Linkspan do
        assert doc != :none and doc != :hidden, "#{name}/#{arity} is not documented"
        assert {name, arity} in specified, "#{name}/#{arity} has no spec"
      end
    end
  end

  test "Erlang, Elixir and Cargo have the same version" do
    {:ok, version} = :application.get_key(:linkspan, :vsn)
    assert File.read!("Cargo.toml") =~ ~s(version = "#{version}")
    assert File.exists?(Application.app_dir(:linkspan, "priv/#{version}/linkspan.so"))
  end
end
