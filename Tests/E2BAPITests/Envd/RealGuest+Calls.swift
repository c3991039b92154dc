import Foundation
import HTTPExchange
import NIOCore
import NIOHTTP1
import Testing

@testable import E2BAPI

/// A response with its body read to the end.
struct ReadResponse {
    let status: UInt
    let headers: HTTPHeaders
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: [String: Any] {
        get throws { try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) }
    }

    /// The messages of a stream, and the error of its end.
    func frames() throws -> (messages: [[String: Any]], code: String?, message: String?) {
        var rest = ByteBuffer(bytes: body)
        var messages: [[String: Any]] = []
        while let envelope = try ConnectEnvelope.take(from: &rest, limit: 1 << 24) {
            let json = try JSONSerialization.jsonObject(with: Data(envelope.payload.readableBytesView))
            let object = try #require(json as? [String: Any])
            guard envelope.isEnd else {
                messages.append(object)
                continue
            }
            #expect(rest.readableBytes == 0)
            let error = object["error"] as? [String: Any]
            return (messages, error?["code"] as? String, error?["message"] as? String)
        }
        Issue.record("a stream without an end")
        return (messages, nil, nil)
    }
}

extension RealGuest {
    func send(
        _ method: HTTPMethod, _ uri: String, _ headers: HTTPHeaders = [:], body: [[UInt8]] = []
    ) async throws -> ReadResponse {
        var all: HTTPHeaders = ["x-access-token": Self.token]
        all.add(contentsOf: headers)
        let pieces = Pieces(body)
        let request = HTTPRequest(
            method: method, target: try #require(RequestTarget(uri)), headers: all,
            body: RequestBody { pieces.next() }, id: "request")
        return try await read(await responder.respond(to: request, in: sandbox), isHead: method == .HEAD)
    }

    private func read(_ response: HTTPResponse, isHead: Bool) async throws -> ReadResponse {
        let collected = Collected()
        switch response.body {
        case .empty: break
        case .stream where isHead: break
        case .bytes(let bytes): collected.add(bytes)
        case .stream(let length, let write):
            try await write(ResponseWriter { collected.add($0) })
            if let length { #expect(collected.bytes.count == length) }
        }
        return ReadResponse(status: response.status.code, headers: response.headers, body: collected.bytes)
    }

    func unary(_ method: String, _ json: String, _ headers: HTTPHeaders = [:]) async throws -> ReadResponse {
        var all: HTTPHeaders = ["content-type": "application/json"]
        all.add(contentsOf: headers)
        return try await send(.POST, method, all, body: [Array(json.utf8)])
    }

    func stream(_ method: String, _ messages: [String], _ headers: HTTPHeaders = [:]) async throws -> ReadResponse {
        var body = ByteBuffer()
        for message in messages { ConnectEnvelope.write(into: &body) { $0.writeString(message) } }
        var all: HTTPHeaders = ["content-type": "application/connect+json"]
        all.add(contentsOf: headers)
        return try await send(.POST, method, all, body: [Array(body.readableBytesView)])
    }

    /// Runs a shell's command to its end.
    func run(_ command: String, _ headers: HTTPHeaders = [:], more: String = "") async throws -> ReadResponse {
        let quoted = String(decoding: try JSONEncoder().encode(command), as: UTF8.self)
        let json = #"{"process":{"cmd":"/bin/sh","args":["-c",\#(quoted)]},"stdin":false\#(more)}"#
        return try await stream("/process.Process/Start", [json], headers)
    }
}

private final class Collected: @unchecked Sendable {
    // Written by one task after the other: the responder's, then the test's.
    private(set) var bytes: [UInt8] = []

    func add(_ part: ByteBuffer) { bytes += part.readableBytesView }
}

/// `#expect` takes no `try await` within a closure.
func expect(_ status: UInt, _ response: ReadResponse, at location: SourceLocation = #_sourceLocation) {
    #expect(response.status == status, "\(response.text.prefix(200))", sourceLocation: location)
}

func expect<Value: Equatable>(_ wanted: Value, _ value: Value, at location: SourceLocation = #_sourceLocation) {
    #expect(value == wanted, sourceLocation: location)
}
