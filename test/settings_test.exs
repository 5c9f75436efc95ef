# The settings of the application, each in a VM of its own.
defmodule Linkspan.SettingsTest do
  use ExUnit.Case, async: true

  # What `code` prints in a VM that was started with these settings.
  defp vm(settings, code) do
    flags = for {name, value} <- settings, do: ["-linkspan", "#{name}", "#{value}"]
    paths = for app <- [:linkspan, :elixir], do: ["-pa", Application.app_dir(app, "ebin")]
    arguments = List.flatten(["-noshell", paths, flags, "-eval", code <> ", halt()."])
    {output, 0} = System.cmd("erl", arguments, env: [{"ERL_CRASH_DUMP_SECONDS", "0"}])
    output
  end

  # The niceness of each worker thread and its policy, 3 is SCHED_BATCH, as soon as they are `expected`: threads come one by
  # one, and change both then.
  defp workers(expected) do
    """
    ok = linkspan:load(),
    Workers = fun() ->
        [begin
            {ok, Stat} = file:read_file("/proc/self/task/" ++ Task ++ "/stat"),
            %% Behind the name; of all fields the niceness is the 19th, the policy the 41st.
            [_, Rest] = binary:split(Stat, <<") ">>),
            Fields = binary:split(Rest, <<" ">>, [global]),
            [lists:nth(17, Fields), "/", lists:nth(39, Fields), " "]
        end || Task <- element(2, file:list_dir("/proc/self/task")),
            {ok, <<"linkspan_worker\\n">>} <- [file:read_file("/proc/self/task/" ++ Task ++ "/comm")]]
    end,
    Wait = fun Wait(Left) ->
        case iolist_to_binary(Workers()) of
            Found when Found =:= <<"#{expected}">>; Left =:= 0 -> io:put_chars(Found);
            _ -> receive after 10 -> Wait(Left - 1) end
        end
    end,
    Wait(1000)
    """
  end

  test "there are as many workers as the setting says, and as nice" do
    assert vm([workers: 3, worker_niceness: 7], workers("7/3 7/3 7/3 ")) == "7/3 7/3 7/3 "
  end

  test "by default there is one for each scheduler, at least two, with the VM's own priority" do
    expected = String.duplicate("#{niceness()}/3 ", max(2, System.schedulers()))
    assert vm([], workers(expected)) == expected
  end

  # Tests may be run with `nice`, and a VM started by them is as nice.
  defp niceness do
    [_, rest] = "/proc/self/stat" |> File.read!() |> String.split(") ", parts: 2)
    rest |> String.split(" ") |> Enum.at(16)
  end

  test "a setting that is none is named when the application starts" do
    for {name, value} <- [workers: 0, workers: 1025, worker_niceness: 20, worker_niceness: :very] do
      # Asked of the keeper itself: the application's error buries it deeper.
      code = """
      logger:set_primary_config(level, none),
      ok = application:load(linkspan),
      ok = linkspan_keeper:create_table(),
      process_flag(trap_exit, true),
      {error, Reason} = linkspan_keeper:start_link(),
      io:format("~w", [Reason])
      """

      assert vm([{name, value}], code) == "{bad_setting,#{name},#{value}}"
    end
  end
end
