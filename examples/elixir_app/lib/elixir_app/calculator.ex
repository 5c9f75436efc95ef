defmodule ElixirApp.Calculator do
  use Linkspan, otp_app: :elixir_app, library: "text", service: "calculator"
end
