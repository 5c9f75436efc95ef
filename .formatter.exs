[
  # Not everything below examples: an application may have a link to what it is an example of.
  inputs: [
    "{mix,.formatter}.exs",
    "{lib,test,bench}/**/*.{ex,exs}",
    "examples/*/*.exs",
    "examples/*/{config,lib,test}/**/*.{ex,exs}"
  ],
  line_length: 98
]
