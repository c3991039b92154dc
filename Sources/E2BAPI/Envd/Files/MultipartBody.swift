import NIOCore

/// The parts of a multipart body, one after the other.
struct MultipartBody: ~Copyable {
    private var body: UploadBody
    private var parser: MultipartParser

    init(body: consuming UploadBody, parser: MultipartParser) {
        self.body = body
        self.parser = parser
    }

    /// The next part's headers, or nil at the body's end. The part before must have been read to its end.
    mutating func nextPart() async throws -> MultipartHeaders? {
        switch try await next() {
        case .part(let headers): return headers
        case .bytes, .partEnd: throw EnvdFailure(.badRequest, "multipart: content outside of a part")
        case nil: return nil
        }
    }

    /// The next bytes of the part, or nil at its end.
    mutating func nextBytes() async throws -> ByteBuffer? {
        switch try await next() {
        case .bytes(let bytes): return bytes
        case .partEnd: return nil
        case .part, nil: throw EnvdFailure(.badRequest, "multipart: a part without an end")
        }
    }

    private mutating func next() async throws -> MultipartParser.Event? {
        do {
            while true {
                if let event = try parser.next() { return event }
                guard let bytes = try await body.next() else {
                    try parser.finish()
                    return nil
                }
                parser.append(bytes)
            }
        } catch let error as MultipartError {
            throw EnvdFailure(.badRequest, "multipart: \(error.message)")
        }
    }
}
