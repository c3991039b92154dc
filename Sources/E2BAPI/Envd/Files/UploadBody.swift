import HTTPExchange
import NIOCore

/// An upload's bytes, decompressed if they came compressed, no faster than they are taken.
struct UploadBody: ~Copyable {
    private var body: RequestBody.AsyncIterator
    private var decoder: GzipDecoder?
    private var compressed = ByteBuffer()

    /// - Throws: `EnvdFailure` for a coding other than identity and gzip.
    init(_ request: HTTPRequest) throws {
        body = request.body.makeAsyncIterator()
        switch request.headers.first(name: "content-encoding")?.lowercased() ?? "identity" {
        case "identity": decoder = nil
        case "gzip", "x-gzip": decoder = try GzipDecoder()
        case let other:
            throw EnvdFailure(
                .unsupportedMediaType, "content-encoding: '\(other.prefix(40))' is neither identity nor gzip")
        }
    }

    /// The next bytes, never empty, or nil at the end.
    /// - Throws: `ClientGone`; `EnvdFailure` for bytes that are not gzip.
    mutating func next() async throws -> ByteBuffer? {
        while true {
            if let bytes = try decompressed() { return bytes }
            guard let part = try await body.next() else {
                guard decoder?.isComplete ?? true else { throw Self.broken }
                return nil
            }
            guard part.readableBytes > 0 else { continue }
            guard decoder != nil else { return part }
            compressed = part
        }
    }

    private mutating func decompressed() throws -> ByteBuffer? {
        guard decoder != nil, compressed.readableBytes > 0 else { return nil }
        do {
            let bytes = try decoder?.next(from: &compressed)
            return bytes.flatMap { $0.readableBytes > 0 ? $0 : nil }
        } catch {
            throw Self.broken
        }
    }

    private static var broken: EnvdFailure { EnvdFailure(.badRequest, "the body is not gzip, or ends too early") }
}
