import CZlib
import NIOCore

/// Decompresses a stream of one or more gzip members, a piece of bounded size at a time, so that what a client sends
/// small and means big costs no memory.
struct GzipDecoder: ~Copyable {
    private let stream = ZlibStream()
    /// No input is not gzip: there must be one member.
    private var isBetweenMembers = false

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
