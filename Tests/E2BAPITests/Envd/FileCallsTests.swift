import Foundation
import HTTPExchange
import NIOCore
import NIOHTTP1
import Testing

@testable import E2BAPI

@Suite(.enabled(if: RealGuest.isBuilt, "nestbox-guest is not built beside the tests"))
struct FileCallsTests {
    private static let octets: HTTPHeaders = ["content-type": "application/octet-stream"]

    private func multipart(_ files: [(name: String, content: String)]) -> [UInt8] {
        let parts = files.map {
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\($0.name)\"\r\n\r\n\($0.content)\r\n"
        }
        return Array((parts.joined() + "--b--\r\n").utf8)
    }

    @Test(arguments: [0, 1, 65_536, 262_143, 262_144, 262_145, 5_000_000])
    func `what is written is read back, whatever its size`(size: Int) async throws {
        try await RealGuest.lend { guest in
            let content = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            let path = guest.directory + "/new/dir/f"
            let pieces = stride(from: 0, to: size, by: 100_000).map { Array(content[$0..<min($0 + 100_000, size)]) }
            let write = try await guest.send(.POST, "/files?path=\(path)", Self.octets, body: pieces)
            #expect(write.status == 200, "\(write.text)")
            let written = try #require(try JSONSerialization.jsonObject(with: Data(write.body)) as? [[String: Any]])
            #expect(written[0]["path"] as? String == path)
            #expect(written[0]["name"] as? String == "f")
            #expect(written[0]["type"] as? String == "file")
            let read = try await guest.send(.GET, "/files?path=\(path)", ["accept-encoding": "gzip, deflate"])
            #expect(read.status == 200)
            #expect(read.body == content)
            #expect(read.headers.first(name: "content-disposition") == #"inline; filename="f""#)
            #expect(read.headers.first(name: "vary") == "Accept-Encoding")
            let zipped = try await guest.send(.GET, "/files?path=\(path)", ["accept-encoding": "gzip"])
            #expect(zipped.headers.first(name: "content-encoding") == "gzip")
            #expect(try gunzip(zipped.body) == content)
        }
    }

    @Test func `a compressed upload is stored plain`() async throws {
        try await RealGuest.lend { guest in
            let content = [UInt8](repeating: 7, count: 3_000_000)
            var encoder = try GzipEncoder()
            var zipped = try encoder.compress(ByteBuffer(bytes: content))
            zipped.writeImmutableBuffer(try encoder.finish())
            let bytes = Array(zipped.readableBytesView)
            var headers = Self.octets
            headers.add(name: "content-encoding", value: "gzip")
            let path = guest.directory + "/z"
            try await expect(200, guest.send(.POST, "/files?path=\(path)", headers, body: bytes.map { [$0] }))
            try await expect(content, guest.send(.GET, "/files?path=\(path)").body)
            for broken in [Array(bytes.dropLast()), bytes + [1], [1, 2, 3]] {
                let response = try await guest.send(.POST, "/files?path=\(path)", headers, body: [broken])
                #expect(response.status == 400)
            }
        }
    }

    @Test(arguments: [
        ("bytes=0-3", "0123", "bytes 0-3/10"), ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=8-", "89", "bytes 8-9/10"),
    ])
    func `a range is answered with just that`(range: String, content: String, header: String) async throws {
        try await RealGuest.lend { guest in
            let path = guest.directory + "/r"
            _ = try await guest.send(.POST, "/files?path=\(path)", Self.octets, body: [Array("0123456789".utf8)])
            let read = try await guest.send(.GET, "/files?path=\(path)", ["range": range, "accept-encoding": "gzip"])
            #expect(read.status == 206)
            #expect(read.text == content)
            #expect(read.headers.first(name: "content-range") == header)
            let beyond = try await guest.send(.GET, "/files?path=\(path)", ["range": "bytes=10-"])
            #expect(beyond.status == 416)
            #expect(beyond.headers.first(name: "content-range") == "bytes */10")
        }
    }

    @Test func `several files in one upload go by their names, with their metadata`() async throws {
        try await RealGuest.lend { guest in
            let names = ["/a", "/sub/b"].map { guest.directory + $0 }
            let headers: HTTPHeaders = [
                "content-type": "multipart/form-data; boundary=b", "X-Metadata-Author": "me",
            ]
            let body = multipart([(names[0], "one"), (names[1], "two")])
            let write = try await guest.send(.POST, "/files", headers, body: [body])
            #expect(write.status == 200, "\(write.text)")
            try await expect("two", guest.send(.GET, "/files?path=\(names[1])").text)
            let stat = try await guest.unary("/filesystem.Filesystem/Stat", #"{"path":"\#(names[0])"}"#)
            let entry = try #require(try stat.json["entry"] as? [String: Any])
            #expect(entry["metadata"] as? [String: String] == ["author": "me"])
            let same = multipart([(names[0], ""), (names[0], "")])
            let twice = try await guest.send(.POST, "/files", headers, body: [same])
            #expect(twice.status == 400)
            let cut = try await guest.send(.POST, "/files", headers, body: [Array(body.dropLast(10))])
            #expect(cut.status == 400)
        }
    }

    @Test func `what cannot be read is refused with its reason`() async throws {
        try await RealGuest.lend { guest in
            let missing = try await guest.send(.GET, "/files?path=\(guest.directory)/nothing")
            #expect(missing.status == 404)
            #expect(try missing.json["code"] as? Int == 404)
            try await expect(400, guest.send(.GET, "/files?path=\(guest.directory)"))
            try await expect(400, guest.send(.GET, "/files"))
            try await expect(400, guest.send(.GET, "/files?path=/dev/zero"))
            try await expect(401, guest.send(.GET, "/files?path=/etc/passwd&username=nobody123"))
            try await expect(415, guest.send(.POST, "/files?path=/x", ["content-type": "text/plain"]))
            try await expect(400, guest.send(.POST, "/files", Self.octets))
            try await expect(405, guest.send(.DELETE, "/files?path=/x"))
            let length = try await guest.send(.HEAD, "/files?path=/etc/hostname")
            #expect(length.status == 200)
        }
    }

    @Test func `a client that goes away in the middle leaves what it had sent`() async throws {
        try await RealGuest.lend { guest in
            let path = guest.directory + "/half"
            let pieces = Pieces([Array("half".utf8)])
            let request = HTTPRequest(
                method: .POST, target: try #require(RequestTarget("/files?path=\(path)")),
                headers: ["content-type": "application/octet-stream", "x-access-token": RealGuest.token],
                body: RequestBody {
                    guard let piece = pieces.next() else { throw ClientGone() }
                    return piece
                }, id: "r")
            let response = await guest.responder.respond(to: request, in: guest.sandbox)
            #expect(response.status.code == 400)
            try await expect(204, guest.send(.GET, "/health"))
        }
    }

    @Test func `files are joined into one`() async throws {
        try await RealGuest.lend { guest in
            for (name, content) in [("a", "one"), ("b", "two")] {
                let path = guest.directory + "/" + name
                _ = try await guest.send(.POST, "/files?path=\(path)", Self.octets, body: [Array(content.utf8)])
            }
            let json = """
                {"source_paths":["\(guest.directory)/a","\(guest.directory)/b"],"destination":"\(guest.directory)/c"}
                """
            let joined = try await guest.send(
                .POST, "/files/compose", ["content-type": "application/json"], body: [Array(json.utf8)])
            #expect(joined.status == 200, "\(joined.text)")
            try await expect("onetwo", guest.send(.GET, "/files?path=\(guest.directory)/c").text)
            try await expect(404, guest.send(.GET, "/files?path=\(guest.directory)/a"))
        }
    }

    @Test func `the environment is told, the sandbox's own names included`() async throws {
        try await RealGuest.lend { guest in
            let variables = try await guest.send(.GET, "/envs").json as? [String: String]
            let own = ["E2B_SANDBOX": "true", "E2B_SANDBOX_ID": "itest", "E2B_TEMPLATE_ID": "base"]
            #expect(variables == own.merging(["A": "1"]) { $1 })
        }
    }

    private func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        var decoder = try GzipDecoder()
        var input = ByteBuffer(bytes: bytes)
        var output: [UInt8] = []
        while input.readableBytes > 0 { output += try decoder.next(from: &input).readableBytesView }
        let isComplete = decoder.isComplete
        #expect(isComplete)
        return output
    }
}
