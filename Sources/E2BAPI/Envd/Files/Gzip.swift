import CZlib
import NIOCore

/// Compresses a stream, RFC 1952. Lives on the stack of one task.
struct GzipEncoder: ~Copyable {
    private let stream = ZlibStream()

    /// - Throws: `ZlibError` if there is no memory for it.
    init() throws(ZlibError) {
        // 15 bits of window, 16 for gzip's framing; the fastest level: the wire is a neighbour.
        let code = deflateInit2_(
            stream.state, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw ZlibError(code: code) }
    }

    deinit {
        deflateEnd(stream.state)
    }

    /// What `bytes` become, as far as it is ready.
    mutating func compress(_ bytes: ByteBuffer) throws(ZlibError) -> ByteBuffer {
        try run(bytes, flush: Z_NO_FLUSH)
    }

    /// What is left. Nothing may be compressed after it.
    mutating func finish() throws(ZlibError) -> ByteBuffer {
        try run(ByteBuffer(), flush: Z_FINISH)
    }

    private func run(_ bytes: ByteBuffer, flush: Int32) throws(ZlibError) -> ByteBuffer {
        var input = bytes
        var output = ByteBuffer()
        while true {
            let (code, isFull) = stream.step(&input, into: &output) { deflate($0, flush) }
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw ZlibError(code: code) }
            guard isFull, code != Z_STREAM_END else { return output }
        }
    }
}

/// Decompresses a stream of one or more gzip members, a piece of bounded size at a time, so that what a client sends
/// small and means big costs no memory.
struct GzipDecoder: ~Copyable {
    private let stream = ZlibStream()
    private var isBetweenMembers = true

    init() throws(ZlibError) {
        let code = inflateInit2_(stream.state, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw ZlibError(code: code) }
    }

    deinit {
        inflateEnd(stream.state)
    }

    /// Whether the input may end here.
    var isComplete: Bool { isBetweenMembers }

    /// Takes from `input` what makes the next piece, and leaves the rest.
    /// - Returns: at most `ZlibStream.pieceBytes`; empty if more input is needed.
    /// - Throws: `ZlibError` for bytes that are not gzip.
    mutating func next(from input: inout ByteBuffer) throws(ZlibError) -> ByteBuffer {
        var output = ByteBuffer()
        while output.readableBytes == 0, input.readableBytes > 0 {
            let (code, _) = stream.step(&input, into: &output) { inflate($0, Z_NO_FLUSH) }
            switch code {
            case Z_OK, Z_BUF_ERROR: isBetweenMembers = false
            case Z_STREAM_END:
                isBetweenMembers = true
                inflateReset(stream.state)
            default: throw ZlibError(code: code)
            }
        }
        return output
    }
}

/// A code of zlib's that means that nothing more comes.
struct ZlibError: Error, Hashable {
    let code: Int32
}

/// zlib's state, which it wants at one address.
private final class ZlibStream {
    static let pieceBytes = 64 << 10

    let state: UnsafeMutablePointer<z_stream>

    init() {
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Runs `turn` once over what `input` has, taking what it takes, and appends at most a piece to `output`.
    func step(
        _ input: inout ByteBuffer, into output: inout ByteBuffer, _ turn: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> (code: Int32, isFull: Bool) {
        var code = Z_OK
        var taken = 0
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceBytes) { target in
            input.withUnsafeReadableBytes { source in
                let length = min(source.count, Int(UInt32.max))
                state.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                state.pointee.avail_in = UInt32(length)
                state.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                state.pointee.avail_out = UInt32(Self.pieceBytes)
                code = turn(state)
                taken = length - Int(state.pointee.avail_in)
                return Self.pieceBytes - Int(state.pointee.avail_out)
            }
        }
        input.moveReaderIndex(forwardBy: taken)
        return (code, written == Self.pieceBytes)
    }
}
