# Frames, as docs/frame.md of Linkspan draws them, on descriptors 3 and 4: stdin, stdout and stderr stay free.

class Frames
  # Kinds of requests, and of what comes back.
  CALL, CAST, CANCEL, LOAD, START, ROOM, INFO, STREAM, CREDIT, DESCRIBE = 1, 2, 3, 4, 5, 6, 7, 9, 10, 11
  REPLY, EVENT, ENDED = 0x81, 0x82, 0x83

  # Statuses of a reply.
  OK, FAILED, UNKNOWN_OPERATION, BAD_REQUEST, CANCELLED, BUSY, PROTOCOL = 0, 2, 4, 5, 6, 7, 9

  def initialize
    @input = IO.for_fd(3, "rb")
    @output = IO.for_fd(4, "wb")
    # A command that the code starts must not keep the pipes open.
    [@input, @output].each { |pipe| pipe.close_on_exec = true }
    @output.sync = true
    @lock = Mutex.new
  end

  # The next frame as [kind, tag, rest], or nil when there is nobody left who could send one.
  def read
    length = @input.read(4)
    return if length.nil? || length.bytesize < 4

    frame = @input.read(length.unpack1("N"))
    kind, tag_length = frame.unpack("Cn")
    [kind, frame.byteslice(3, tag_length), frame.byteslice((3 + tag_length)..)]
  end

  def reply(tag, status, body = "") = write([REPLY, tag.bytesize].pack("Cn"), tag, [status].pack("C"), body)
  def event(body) = write([EVENT].pack("C"), body)
  def ended(why) = write([ENDED, PROTOCOL].pack("CC"), why)

  private

  # Each frame in one piece, whichever threads write.
  def write(*parts)
    frame = parts.map(&:b).join
    @lock.synchronize { @output.write([frame.bytesize].pack("N") + frame) }
  rescue Errno::EPIPE
    exit!
  end
end
