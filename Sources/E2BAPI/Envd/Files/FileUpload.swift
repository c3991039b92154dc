import GuestClient
import GuestProtocol
import HTTPExchange
import NIOCore
import NIOHTTP1
import WireCoding

extension FileCalls {
    /// `POST` of one or more files. Each goes to the guest as it arrives; a client that goes away in the middle ends
    /// the guest's part too and leaves what was written.
    func upload() async throws -> HTTPResponse {
        let contentType = call.request.headers.first(name: "content-type") ?? ""
        let written: [WrittenFile]
        if let boundary = MultipartBoundary(contentType: contentType) {
            written = try await uploadParts(MultipartParser(boundary: boundary))
        } else if HeaderParameters.parse(contentType)?.value == "application/octet-stream" {
            written = [try await uploadWhole()]
        } else {
            throw EnvdFailure(
                .unsupportedMediaType,
                "content-type: neither application/octet-stream nor multipart/form-data with a boundary")
        }
        return .json(.ok, try ProtoJSON.encode(written))
    }

    /// The body is the file.
    private func uploadWhole() async throws -> WrittenFile {
        guard let path = queryPath else { throw EnvdFailure(.badRequest, "path: missing, a file's path is due") }
        var body = try UploadBody(call.request)
        return try await write(try target(path)) { try await body.next() }
    }

    /// A small file goes to the guest with the request, a bigger one as it comes.
    private func write(
        _ target: WriteFile, _ next: () async throws -> ByteBuffer?
    ) async throws -> WrittenFile {
        var first = ByteBuffer()
        while first.readableBytes <= EnvdLimits.promptUploadBytes {
            guard let bytes = try await next() else { return try await writeAtOnce(target, first) }
            if first.readableBytes == 0 { first = bytes } else { first.writeImmutableBuffer(bytes) }
        }
        return try await call.withExchange(.writeFile(target)) { exchange in
            try await exchange.send(bytes: first)
            while let bytes = try await next() { try await exchange.send(bytes: bytes) }
            try await exchange.send(.end)
            return try Self.written(try await exchange.reply())
        }
    }

    private func writeAtOnce(_ target: WriteFile, _ content: ByteBuffer) async throws -> WrittenFile {
        try Self.written(
            try await call.environment.guest.call(
                .writeFile(target), with: content, to: call.sandbox.guestSocketPath))
    }

    /// The body's parts named `file` are the files.
    private func uploadParts(_ parser: consuming MultipartParser) async throws -> [WrittenFile] {
        var parts = MultipartBody(body: try UploadBody(call.request), parser: parser)
        var paths: Set<String> = []
        var written: [WrittenFile] = []
        while let part = try await parts.nextPart() {
            guard part.name == "file" else {
                while try await parts.nextBytes() != nil {}
                continue
            }
            guard let path = queryPath ?? part.filename, !path.isEmpty else {
                throw EnvdFailure(.badRequest, "path: neither in the query nor as the filename of a part")
            }
            guard paths.insert(path).inserted else {
                throw EnvdFailure(.badRequest, "path '\(path)': twice in one upload")
            }
            guard paths.count <= EnvdLimits.uploadFiles else {
                throw EnvdFailure(.badRequest, "more than \(EnvdLimits.uploadFiles) files in one upload")
            }
            written.append(try await write(try target(path)) { try await parts.nextBytes() })
        }
        return written
    }

    private static func written(_ reply: GuestReply) throws(GuestClientError) -> WrittenFile {
        guard case .entry(let entry) = reply else {
            throw GuestClientError.protocolViolation("something else where a written file's entry was due")
        }
        return WrittenFile(entry)
    }

    private var queryPath: String? {
        call.request.target.query("path").flatMap { $0.isEmpty ? nil : $0 }
    }

    private func target(_ path: String) throws(EnvdFailure) -> WriteFile {
        WriteFile(path: FilePath(path, user: try user()), metadata: try metadata())
    }

    /// `X-Metadata-<key>: value`, the keys in lower case.
    private func metadata() throws(EnvdFailure) -> [WirePair] {
        let prefix = "x-metadata-"
        var pairs: [String: String] = [:]
        for (name, value) in call.request.headers where name.lowercased().hasPrefix(prefix) {
            let key = String(name.lowercased().dropFirst(prefix.count))
            guard !key.isEmpty, pairs.updateValue(value, forKey: key) == nil else {
                throw EnvdFailure(.badRequest, "\(name.prefix(100)): no key, or a key that stands there twice")
            }
        }
        guard pairs.count <= EnvdLimits.metadataCount else {
            throw EnvdFailure(.badRequest, "more than \(EnvdLimits.metadataCount) X-Metadata headers")
        }
        return pairs.sorted { $0.key < $1.key }.map { WirePair(name: $0.key, value: $0.value) }
    }
}
