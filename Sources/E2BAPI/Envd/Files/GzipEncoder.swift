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
