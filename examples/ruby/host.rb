# What every program must do that Linkspan is to talk to: answers each request once, holds as many as it was told to,
# and goes when its port goes. What the operations mean is up to the service.

require_relative "frames"

class Host
  # Raised in the service when nobody wants its answer any more.
  class Cancelled < Exception; end

  # A service refuses: its caller gets {error, {service, code, message}}.
  class Refusal < StandardError
    attr_reader :code

    def initialize(code, message)
      super(message)
      @code = code
    end
  end

  Job = Struct.new(:tag, :operation, :body, :cast)

  # `service` has a name, operations, and the methods start(argument) and handle(operation, body).
  def initialize(service, frames)
    @service, @frames = service, frames
    @queue = Queue.new
    @lock = Mutex.new
    @open = {}.compare_by_identity
    @bytes, @waiting = 0, []
    @counts = Hash.new(0)
    @most_requests, @most_bytes = 4096, 256 << 20
  end

  # Requests run on the main thread, one after the other; a thread of its own reads, so that a cancel is heard, and the
  # end, in the middle of a request. At the end nothing is tidied up: nobody could be told.
  def run
    @main = Thread.current
    Thread.new { read }
    Thread.handle_interrupt(Cancelled => :never) { loop { perform(@queue.pop) } }
  end

  private

  def read
    while (frame = @frames.read)
      receive(*frame)
    end
    exit!
  rescue StandardError => error
    @frames.ended(error.message)
    exit!
  end

  def receive(kind, tag, rest)
    case kind
    when Frames::CALL then request(Job.new(tag, rest.unpack1("N"), rest.byteslice(8..), false))
    when Frames::CAST then request(Job.new(tag, rest.unpack1("N"), rest.byteslice(4..), true))
    when Frames::CANCEL then cancel(tag)
    when Frames::LOAD then @frames.reply(tag, Frames::OK, description)
    when Frames::START then start(tag, rest)
    when Frames::ROOM then await_room(tag, rest.unpack1("Q>"))
    when Frames::INFO then @frames.reply(tag, Frames::OK, info)
    when Frames::STREAM then @frames.reply(tag, Frames::BAD_REQUEST, "there are no streams here")
    when Frames::DESCRIBE then @frames.reply(tag, Frames::OK)
    when Frames::CREDIT then nil
    else
      @frames.ended("#{kind} is no kind of request frame")
      exit!
    end
  end

  # Empty hash, not independent; then each operation, which is always deferred.
  def description
    @service.operations.map.with_index(1) { |name, number| [number, 1, name.bytesize].pack("NCn") + name }
            .unshift([0, 0].pack("nC")).join
  end

  def start(tag, rest)
    @most_requests, @most_bytes = rest.unpack("Q>Q>")
    @queue << Job.new(tag, nil, rest.byteslice(17..), false)
  end

  def request(job)
    return @frames.reply(job.tag, Frames::UNKNOWN_OPERATION, [job.operation].pack("N")) unless operation(job)

    accepted = @lock.synchronize do
      room?(job.body.bytesize).tap { |room| room ? open(job) : @counts[:busy] += 1 }
    end
    # A cast is answered when it has been accepted, if it has a tag.
    @frames.reply(job.tag, accepted ? Frames::OK : Frames::BUSY) if !accepted || (job.cast && job.tag != "")
  end

  def operation(job) = job.operation.between?(1, @service.operations.size) && @service.operations[job.operation - 1]

  def room?(size) = @open.empty? || (@open.size < @most_requests && @bytes + size <= @most_bytes)

  def open(job)
    @open[job] = true
    @bytes += job.body.bytesize
    @queue << job
  end

  # Whether the job was still open: then its answer is up to the caller.
  def close(job)
    @open.delete(job) or return false
    @bytes -= job.body.bytesize
    tell_room
    true
  end

  # Answered at once, or when requests have left.
  def await_room(tag, size)
    @lock.synchronize do
      @waiting << [tag, size]
      tell_room
    end
  end

  def tell_room
    told, @waiting = @waiting.partition { |_, size| room?(size) }
    told.each { |tag, _| @frames.reply(tag, Frames::OK) }
  end

  def cancel(tag)
    @lock.synchronize do
      job = @open.each_key.find { |open| open.tag == tag && !open.cast } or return
      close(job)
      @counts[:cancelled] += 1
      @main.raise(Cancelled) if @running.equal?(job)
    end
    @frames.reply(tag, Frames::CANCELLED)
  end

  def perform(job)
    return if job.operation && !@lock.synchronize { @open.key?(job) && (@running = job) }

    status, body = outcome(job)
    if job.operation.nil?
      @frames.reply(job.tag, status, body)
      exit if status != Frames::OK
    elsif finish(job, status) && !job.cast
      @frames.reply(job.tag, status, body)
    end
  end

  def finish(job, status)
    wanted = @lock.synchronize do
      @running = nil
      @counts[:deferred] += 1
      @counts[:errors] += 1 if status != Frames::OK
      close(job)
    end
    # A cancel that came when the work was done must not hit the next.
    Thread.handle_interrupt(Cancelled => :immediate) { Thread.pass } unless wanted
    wanted
  rescue Cancelled
    false
  end

  def outcome(job)
    Thread.handle_interrupt(Cancelled => :immediate) do
      body = job.operation ? @service.handle(operation(job), job.body) : @service.start(job.body)
      [Frames::OK, body]
    end
  rescue Cancelled
    [Frames::CANCELLED, ""]
  rescue Refusal => refusal
    [Frames::FAILED, [refusal.code].pack("N") + refusal.message.b]
  end

  # The times that operations took are left out.
  def info
    counts = @lock.synchronize do
      [1, @open.size, @bytes, 0, *@counts.values_at(:deferred, :errors), 0, *@counts.values_at(:cancelled, :busy),
       0, 0, @most_requests, @most_bytes]
    end
    counts.pack("CQ>12") + [0, 0, 0, 0, 0].pack("Q>4n")
  end
end
