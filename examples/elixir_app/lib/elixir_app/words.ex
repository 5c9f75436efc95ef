defmodule ElixirApp.Words do
  use Linkspan, otp_app: :elixir_app, library: "text", service: "words"
end
