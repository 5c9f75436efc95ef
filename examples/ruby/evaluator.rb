#!/usr/bin/env ruby
# A program for Linkspan: evaluates Ruby code, and keeps what it defines.
#
#   eval   the body is code; the answer its value, a term
#   call   the body is a term, {Function, Arguments}: calls what the code has defined
#
# The start argument is code that runs first. Refusals: 1, the code raised; 2, there is no term for its value.

require "stringio"
require_relative "host"
require_relative "terms"

# Where the code runs: its variables are those of `scope`, its functions methods of this class.
class Workspace
  def initialize(frames) = @frames = frames

  def scope = @scope ||= binding

  # What messages of errors show.
  def inspect = "workspace"

  # Tells the owner something that it did not ask for.
  def emit(value) = @frames.event(Terms.encode(value)).then { nil }
end

class Evaluator
  def initialize(frames) = @workspace = Workspace.new(frames)

  def name = "ruby"

  def operations = %w[eval call]

  def start(argument)
    raised { @workspace.scope.eval(argument.dup.force_encoding("UTF-8"), "start") }
    ""
  end

  def handle(operation, body)
    value = operation == "eval" ? evaluate(body) : call(body)
    Terms.encode(value)
  rescue ArgumentError => error
    raise Host::Refusal.new(2, error.message)
  end

  private

  def evaluate(body) = raised { @workspace.scope.eval(body.dup.force_encoding("UTF-8"), "eval") }

  def call(body)
    function, arguments = Terms.decode(body)
    raised { @workspace.public_send(function, *arguments) }
  rescue Terms::Unreadable => error
    raise Host::Refusal.new(1, error.message)
  end

  # What the code raises is its caller's, but for the end of the program, and of the request.
  def raised
    yield
  rescue StandardError, ScriptError, NoMemoryError, SystemStackError => error
    raise Host::Refusal.new(1, "#{error.class}: #{error.message.lines.first&.chomp}")
  end
end

# Frames begin when the VM is there: without descriptors 3 and 4 there is nobody to talk to.
frames = begin
  Frames.new
rescue Errno::EBADF, ArgumentError
  abort "evaluator.rb is started by Linkspan: service: :ruby, host: :program, program: \"#{File.expand_path(__FILE__)}\""
end
Host.new(Evaluator.new(frames), frames).run
