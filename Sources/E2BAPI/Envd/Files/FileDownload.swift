import GuestClient
import GuestProtocol
import HTTPExchange
import NIOCore
import NIOHTTP1

extension FileCalls {
    /// `GET` and `HEAD` of one file.
    func download() async throws -> HTTPResponse {
        guard let path = call.request.target.query("path"), !path.isEmpty else {
            throw EnvdFailure(.badRequest, "path: missing, a file's path is due")
        }
        let file = FilePath(path, user: try user())
        guard let accepted = ContentCoding.choose(call.request.headers.first(name: "accept-encoding")) else {
            throw EnvdFailure(.notAcceptable, "accept-encoding: neither identity nor gzip is accepted")
        }
        if let range = wantedRange { return try await partial(file, range) }
        if call.request.method == .HEAD { return try await head(file, accepted) }
        return try await whole(file, accepted)
    }

    /// nil also for a range that depends on the file's version, which we do not tell: the whole file is always right.
    private var wantedRange: ByteRange? {
        let headers = call.request.headers
        guard call.request.method == .GET, headers["range"].count == 1, !headers.contains(name: "if-range") else {
            return nil
        }
        return headers.first(name: "range").flatMap(ByteRange.init)
    }

    private func head(_ file: FilePath, _ coding: ContentCoding) async throws -> HTTPResponse {
        let (entry, _) = try await read(file, upTo: 0)
        let length = coding == .identity ? UInt64(clamping: entry.size) : nil
        return response(.ok, entry, coding, .stream(length: length.map { Int(clamping: $0) }) { _ in })
    }

    /// One operation, whose first word tells what the file is. A small one is read to its end before it is answered.
    private func whole(_ file: FilePath, _ coding: ContentCoding) async throws -> HTTPResponse {
        let limit = EnvdLimits.wholeFileBytes
        var exchange = try await call.open(
            .readFile(ReadFile(path: file, length: nil)), idle: GuestClientLimits.replyTimeout)
        let entry = try await Self.openedFile(&exchange)
        var content = ByteBuffer()
        // Some files of /proc have no size.
        while entry.size <= limit, content.readableBytes <= limit {
            guard let bytes = try await Self.nextBytes(&exchange) else {
                exchange.hangUp()
                return response(.ok, entry, coding, .bytes(coding == .gzip ? try Self.compressed(content) : content))
            }
            if content.readableBytes == 0 { content = bytes } else { content.writeImmutableBuffer(bytes) }
        }
        return response(.ok, entry, coding, stream(content, exchange, coding, entry.size > limit ? entry.size : nil))
    }

    /// What was read of a file and what is still to come; no more than `size` bytes, should it grow meanwhile.
    private func stream(
        _ first: ByteBuffer, _ opened: GuestExchange, _ coding: ContentCoding, _ size: Int64?
    ) -> ResponseBody {
        let length = coding == .identity ? size.map { Int(clamping: $0) } : nil
        return .stream(length: length) { writer in
            var exchange = opened
            let hangUp = exchange.hangUp
            defer { hangUp() }
            try Task.checkCancellation()
            try await Self.pass(first, &exchange, coding, length.map { UInt64($0) }, to: writer)
        }
    }

    private func partial(_ file: FilePath, _ range: ByteRange) async throws -> HTTPResponse {
        let (entry, _) = try await read(file, upTo: 0)
        let size = UInt64(clamping: entry.size)
        guard let bytes = range.resolved(in: size) else {
            var refusal = EnvdFailure(.rangeNotSatisfiable, "range: beyond the file's \(size) bytes").response
            refusal.headers.add(name: "content-range", value: "bytes */\(size)")
            return refusal
        }
        let wanted = ReadFile(path: file, offset: bytes.lowerBound, length: UInt64(bytes.count))
        var answer = response(.partialContent, entry, .identity, stream(wanted, .identity))
        answer.headers.add(
            name: "content-range", value: "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)")
        return answer
    }

    /// What a file is, and its first bytes.
    private func read(_ file: FilePath, upTo length: UInt64) async throws -> (FileEntry, ByteBuffer) {
        try await call.withExchange(
            .readFile(ReadFile(path: file, length: length)), timeout: GuestClientLimits.replyTimeout
        ) { exchange in
            let entry = try await Self.openedFile(&exchange)
            var content = ByteBuffer()
            while let bytes = try await Self.nextBytes(&exchange) {
                guard content.readableBytes + bytes.readableBytes <= length else { throw Self.tooMuch }
                content.writeImmutableBuffer(bytes)
            }
            return (entry, content)
        }
    }

    private func stream(_ wanted: ReadFile, _ coding: ContentCoding) -> ResponseBody {
        let length = coding == .identity ? wanted.length.map { Int(clamping: $0) } : nil
        return .stream(length: length) { writer in
            try Task.checkCancellation()
            try await call.withExchange(.readFile(wanted)) { exchange in
                _ = try await Self.openedFile(&exchange)
                try await Self.pass(ByteBuffer(), &exchange, coding, wanted.length, to: writer)
            }
        }
    }

    private static func pass(
        _ first: ByteBuffer, _ exchange: inout GuestExchange, _ coding: ContentCoding, _ length: UInt64?,
        to writer: ResponseWriter
    ) async throws {
        switch coding {
        case .identity: try await copy(first, &exchange, length, to: writer)
        case .gzip:
            // Much work for each byte: not on the thread that others' requests wait for.
            try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await compress(first, &exchange, to: writer)
            }
        }
    }

    /// - Throws: if the file has become shorter meanwhile: the client must not take it for whole.
    private static func copy(
        _ first: ByteBuffer, _ exchange: inout GuestExchange, _ length: UInt64?, to writer: ResponseWriter
    ) async throws {
        var sent = UInt64(first.readableBytes)
        try await writer.write(first)
        while sent < length ?? .max, var bytes = try await nextBytes(&exchange) {
            if let length, UInt64(bytes.readableBytes) > length - sent {
                bytes = bytes.getSlice(at: bytes.readerIndex, length: Int(length - sent)) ?? bytes
            }
            sent += UInt64(bytes.readableBytes)
            try await writer.write(bytes)
        }
        guard length == nil || sent == length else {
            throw EnvdFailure(.internalServerError, "the file became shorter while it was read")
        }
    }

    private static func compress(
        _ first: ByteBuffer, _ exchange: inout GuestExchange, to writer: ResponseWriter
    ) async throws {
        var encoder = try GzipEncoder()
        let head = try encoder.compress(first)
        if head.readableBytes > 0 { try await writer.write(head) }
        while let bytes = try await nextBytes(&exchange) {
            let compressed = try encoder.compress(bytes)
            if compressed.readableBytes > 0 { try await writer.write(compressed) }
        }
        try await writer.write(try encoder.finish())
    }

    private static func compressed(_ content: ByteBuffer) throws -> ByteBuffer {
        var encoder = try GzipEncoder()
        var compressed = try encoder.compress(content)
        compressed.writeImmutableBuffer(try encoder.finish())
        return compressed
    }

    /// Takes the first word of a read: what the file is.
    private static func openedFile(_ exchange: inout GuestExchange) async throws -> FileEntry {
        let entry: FileEntry
        switch try await exchange.next() {
        case .reply(.entry(let found)): entry = found
        case .idle: throw GuestClientError.timedOut(.awaitingReply)
        case nil: throw GuestClientError.hungUp
        case .reply, .output, .bytes:
            throw GuestClientError.protocolViolation("something else where a file's entry was due")
        }
        guard entry.kind == .file, entry.size >= 0 else {
            throw EnvdFailure(.badRequest, "path '\(entry.path)' is not a file")
        }
        return entry
    }

    /// nil at the file's end.
    private static func nextBytes(_ exchange: inout GuestExchange) async throws -> ByteBuffer? {
        while true {
            switch try await exchange.next() {
            case .bytes(let bytes): return bytes
            case .reply(.end): return nil
            case .idle: continue  // a client that reads slowly makes the guest silent
            case nil: throw GuestClientError.hungUp
            case .reply, .output: throw GuestClientError.protocolViolation("neither bytes nor a file's end")
            }
        }
    }

    private static var tooMuch: GuestClientError { .protocolViolation("more bytes than were asked for") }

    private func response(
        _ status: HTTPResponseStatus, _ entry: FileEntry, _ coding: ContentCoding, _ body: ResponseBody
    ) -> HTTPResponse {
        var headers: HTTPHeaders = [
            "content-type": "application/octet-stream", "content-disposition": ContentDisposition.inline(entry.name),
            "vary": "Accept-Encoding",
        ]
        switch coding {
        case .gzip: headers.add(name: "content-encoding", value: "gzip")
        case .identity: headers.add(name: "accept-ranges", value: "bytes")
        }
        return HTTPResponse(status: status, headers: headers, body: body)
    }
}
