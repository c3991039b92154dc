import APIClient
import ArgumentParser
import Foundation
import Glibc
import NIOCore
import NIOHTTP1

/// Which server a command talks to.
struct RemoteOptions: ParsableArguments {
    @Option(help: "A data directory; its server and first key are used. Else $E2B_API_URL and $E2B_API_KEY, if set.")
    var data: String?
    @Flag(help: "For machines.") var json = false

    func server() throws -> RemoteServer {
        if data == nil, let url = getenv("E2B_API_URL"), let key = getenv("E2B_API_KEY") {
            return RemoteServer(client: try APIClient(url: String(cString: url)), key: String(cString: key))
        }
        var option = DataOption()
        option.data = data
        let place = try Installation(option.path)
        return RemoteServer(client: try APIClient(url: place.state.url), key: place.key)
    }
}

/// A server's control plane, as the commands use it.
struct RemoteServer: Sendable {
    let client: APIClient
    let key: String

    /// - Throws: `RemoteError` with the server's own words unless the status is 2xx.
    func call(_ method: HTTPMethod, _ target: String, _ body: (any Encodable)? = nil) async throws -> APIAnswer {
        var request = APIRequest(method, target, headers: ["x-api-key": key])
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = ByteBuffer(bytes: try JSONEncoder().encode(body))
        }
        let answer = try await client.send(request)
        guard (200..<300).contains(answer.status) else { throw RemoteError(answer) }
        return answer
    }

    func call<Answer: Decodable>(
        _ method: HTTPMethod, _ target: String, _ body: (any Encodable)? = nil, as: Answer.Type
    ) async throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(buffer: try await call(method, target, body).body))
    }

    /// Text from a command line as one segment of a path.
    static func segment(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

extension Data {
    init(buffer: ByteBuffer) {
        self.init(buffer.readableBytesView)
    }
}

/// What the server answered instead.
struct RemoteError: Error, Hashable, CustomStringConvertible {
    /// Of an answer's own words, in bytes.
    private static let wordsLimit = 4096

    let description: String
    /// nil if it was no status that was wrong.
    let status: Int?

    init(_ description: String, status: Int? = nil) {
        self.description = description
        self.status = status
    }

    init(_ answer: APIAnswer) {
        struct Body: Decodable { let message: String }
        let body = Data(buffer: answer.body)
        // A body that is not the server's own form is told if it is text, else by its status alone.
        let message = (try? JSONDecoder().decode(Body.self, from: body))?.message ?? Self.text(answer, body)
        self.init("the server answered \(answer.status)\(message.map { ": \($0)" } ?? "")", status: answer.status)
    }

    /// Of an answer that began as a stream: its first words are read.
    init(_ head: HTTPResponseHead, _ body: inout AnswerBody) async throws {
        var words = ByteBuffer()
        while words.readableBytes <= Self.wordsLimit, var part = try await body.next() { words.writeBuffer(&part) }
        self.init(APIAnswer(status: Int(head.status.code), headers: head.headers, body: words))
    }

    private static func text(_ answer: APIAnswer, _ body: Data) -> String? {
        guard answer.headers.first(name: "content-type")?.hasPrefix("text/plain") == true else { return nil }
        return HarmlessText.line(String(decoding: body.prefix(wordsLimit), as: UTF8.self))
    }
}
