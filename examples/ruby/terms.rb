# Erlang's external term format: the little of it that values of Ruby need. Atoms other than nil, true and false become
# strings on the way in, and are not made on the way out: the VM never frees one.

module Terms
  class Unreadable < StandardError; end

  module_function

  def encode(value) = [131].pack("C") + write(value)

  def decode(bytes)
    raise Unreadable, "not a term" unless bytes.getbyte(0) == 131

    input = StringIO.new(bytes.byteslice(1..), "rb")
    value = read(input)
    raise Unreadable, "#{bytes.bytesize - 1 - input.pos} bytes behind the term" unless input.eof?

    value
  end

  def write(value)
    case value
    when nil, true, false then atom(value.inspect)
    when Integer then integer(value)
    when Float
      raise ArgumentError, "Erlang has no number #{value}" unless value.finite?

      [70, value].pack("CG")
    when String then [109, value.bytesize].pack("CN") + value.b
    when Symbol then write(value.name)
    when Array then [108, value.size].pack("CN") + value.map { |element| write(element) }.join + [106].pack("C")
    when Hash then [116, value.size].pack("CN") + value.flatten(1).map { |element| write(element) }.join
    else raise ArgumentError, "no term for a #{value.class}"
    end
  end

  def atom(name) = [119, name.bytesize].pack("CC") + name

  def integer(value)
    return [98, value].pack("Cl>") if value.bit_length < 32

    # Little-endian, without its sign.
    digits = value.abs.digits(256)
    head = digits.size < 256 ? [110, digits.size] : [111, digits.size]
    head.pack(digits.size < 256 ? "CC" : "CN") + [value.negative? ? 1 : 0].pack("C") + digits.pack("C*")
  end

  def read(input)
    case tag = number(input, 1, "C")
    when 97 then number(input, 1, "C")
    when 98 then number(input, 4, "l>")
    when 70 then number(input, 8, "G")
    when 100, 118 then known(bytes(input, number(input, 2, "n")))
    when 115, 119 then known(bytes(input, number(input, 1, "C")))
    when 104 then elements(input, number(input, 1, "C"))
    when 105 then elements(input, number(input, 4, "N"))
    when 106 then []
    when 107 then bytes(input, number(input, 2, "n")).bytes
    when 108 then elements(input, number(input, 4, "N")).tap { |_| tail(input) }
    when 109 then text(bytes(input, number(input, 4, "N")))
    when 110 then big(input, number(input, 1, "C"))
    when 111 then big(input, number(input, 4, "N"))
    when 116 then Array.new(number(input, 4, "N")) { [read(input), read(input)] }.to_h
    else raise Unreadable, "no value for a term that begins with #{tag}"
    end
  end

  def bytes(input, length)
    read = input.read(length) || ""
    raise Unreadable, "the term ends too early" if read.bytesize < length

    read
  end

  def number(input, length, format) = bytes(input, length).unpack1(format)
  def elements(input, count) = Array.new(count) { read(input) }
  def tail(input) = read(input) == [] || raise(Unreadable, "an improper list")

  def big(input, length)
    negative = number(input, 1, "C") == 1
    value = bytes(input, length).bytes.reverse.inject(0) { |sum, byte| (sum << 8) | byte }
    negative ? -value : value
  end

  def known(name) = { "nil" => nil, "true" => true, "false" => false }.fetch(name) { text(name) }

  # UTF-8 where it is that, else bytes.
  def text(bytes)
    text = bytes.dup.force_encoding(Encoding::UTF_8)
    text.valid_encoding? ? text : bytes
  end
end
