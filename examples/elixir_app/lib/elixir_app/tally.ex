defmodule ElixirApp.Tally do
  use Linkspan, otp_app: :elixir_app, library: "text", service: "tally"
end
