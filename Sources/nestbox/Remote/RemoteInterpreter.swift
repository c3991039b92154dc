import APIClient
import Foundation
import NIOCore
import NIOHTTP1

/// The code interpreter of one sandbox, spoken to as E2B's clients do.
struct RemoteInterpreter: Sendable {
    private static let port = "49999"

    let sandbox: RemoteSandbox

    /// What is to run.
    struct Cell: Encodable, Sendable {
        var code: String
        /// nil for the template's own.
        var language: String?
        var environment: [String: String]

        private enum CodingKeys: String, CodingKey {
            case code, language
            case environment = "env_vars"
        }
    }

    /// Runs a cell and hands each event's line on as it comes. Returns when the last one has come; if the task is
    /// cancelled before, the connection is closed, at which the server interrupts the cell.
    /// - Throws: `RemoteError`, `APIClientError`, or what `take` throws.
    func run(_ cell: Cell, _ take: ([UInt8], InterpreterEvent) async throws -> Void) async throws {
        var request = APIRequest(.POST, "/execute", headers: sandbox.headers(port: Self.port, "application/json"))
        request.body = ByteBuffer(bytes: try JSONEncoder().encode(cell))
        try await sandbox.client.stream(request) { head, body in
            guard head.status == .ok else { throw try await RemoteError(head, &body) }
            var lines = EventLines()
            while let part = try await body.next() {
                for line in try lines.take(part) {
                    let event = try InterpreterEvent(line: line)
                    try await take(line, event)
                    if event == .end { return }
                }
            }
            throw RemoteError("the server ended the answer before the cell had ended")
        }
    }
}
