# The option `program`: which executables are started, and what comes of those that do not do as they should.
defmodule Linkspan.ForeignTest do
  use ExUnit.Case, async: true
  import Linkspan.Eventually

  @odd Path.expand("fixtures/odd_program.rb", __DIR__)
  @bound 10_000

  defp start_odd(service, program \\ @odd) do
    Process.flag(:trap_exit, true)
    Linkspan.start_link(service: service, host: :program, program: program)
  end

  test "a program that is not there is named" do
    for {path, why} <- [
          {"/nowhere/program", "no such file or directory"},
          {Path.expand(__ENV__.file), "permission denied"},
          {Path.expand(__ENV__.file) <> "/program", "not a directory"}
        ] do
      assert {:error, {:program_missing, ^path, told}} = start_odd(:x, path)
      assert told in [why, "no such file or directory"]
      assert Exception.message(%Linkspan.Error{reason: {:program_missing, path, told}}) =~ path
    end
  end

  test "a program that ends, or knows nothing of frames, is an error" do
    # The interpreter is not there: the VM's helper exits with ENOENT.
    script = temporary("script")
    File.write!(script, "#!/nowhere/interpreter\n")
    File.chmod!(script, 0o755)

    for {program, expected} <- [{"/bin/false", 1}, {script, 2}] do
      # Unknown if it was gone before the first frame could be written.
      assert {:error, {:exit, status}} = start_odd(:x, program)
      assert status in [expected, :unknown]
    end
  end

  test "the program of an application is found in its priv folder" do
    assert {:ok, server} =
             Linkspan.start_link(
               service: :echo,
               host: :program,
               program: {:linkspan, "linkspan_program"},
               library: {:linkspan, :echo}
             )

    assert Linkspan.call(server, :echo, "hi", @bound) == {:ok, "hi"}
  end

  test "a program that breaks the protocol while it starts is an error of start_link" do
    for service <- ~w(no_description no_frame no_tag no_code no_fields)a do
      assert {:error, {:protocol, why}} = start_odd(service)
      assert is_binary(why)
    end
  end

  test "answers that cannot be read are errors of their callers" do
    {:ok, server} = start_odd(:odd)
    assert {:ok, <<1::32, 10_000::32, "hi">>} = Linkspan.call(server, :ask, "hi", @bound)

    for operation <- ~w(unknown_status short_refusal part nothing_there)a do
      assert {:error, {:protocol, _}} = Linkspan.call(server, operation, "", @bound)
    end

    assert {:error, {:protocol, _}} = Linkspan.info(server)
    assert Linkspan.cast(server, :ask, "hi") == :ok
    assert {:ok, _} = Linkspan.call(server, :ask, "still here", @bound)
  end

  test "programs of one name with other operations are told apart" do
    {:ok, odd} = start_odd(:ruby)
    {:ok, ruby} = start_odd(:ruby, Path.expand("../examples/ruby/evaluator.rb", __DIR__))
    assert Map.has_key?(Linkspan.info(ruby).operations, "eval")
    assert {:ok, _} = Linkspan.call(odd, :ask, "", @bound)
    assert {:ok, _} = Linkspan.call(ruby, :eval, "1", @bound)
  end
end
