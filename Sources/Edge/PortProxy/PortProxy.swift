import HTTPExchange
import NIOCore
import NIOHTTP1
import Orchestrator

/// Forwards requests to servers inside sandboxes. What comes back is as hostile as what goes in.
struct PortProxy: Sendable {
    let dial: EdgeRouting.Dial
    let limits: EdgeLimits

    /// Why a response could not be had or passed on.
    private enum Failure: Error {
        case portNotOpen
        case notHTTP
    }

    func serve(_ request: HTTPRequest, _ reply: Reply, _ sandbox: LiveSandbox, port: UInt16) async {
        let upstream: Upstream
        do {
            upstream = try await Upstream.opened(limits: limits) { addHandlers in
                try await dial(sandbox, port, reply.channel.eventLoop, addHandlers)
            }
        } catch {
            return await reply.send(SandboxErrors.portNotOpen(sandbox.record.id, port, to: request))
        }
        do {
            try await exchange(request, reply, upstream)
        } catch Failure.notHTTP {
            upstream.close()
            await reply.send(SandboxErrors.badUpstream(sandbox.record.id, port, to: request))
        } catch {
            // The client is gone, or the response broke off: the edge cuts what is not whole.
            upstream.close()
        }
    }

    private func exchange(_ request: HTTPRequest, _ reply: Reply, _ upstream: Upstream) async throws {
        let headers = HopHeaders.towardsUpstream(request.headers, facts: reply.facts)
        let head = HTTPRequestHead(
            version: .http1_1, method: request.method, uri: request.target.raw, headers: headers)
        // A server that closes at once has refused; what it says is read below.
        try? await upstream.send(.head(head))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Self.forwardBody(of: request, to: upstream) }
            defer { group.cancelAll() }
            try await respond(to: request, reply, upstream)
        }
    }

    /// A server may answer before it has read the body, or without reading it: that it does not take more is no error.
    private static func forwardBody(of request: HTTPRequest, to upstream: Upstream) async throws {
        for try await bytes in request.body {
            // Taken or not, the answer decides.
            guard (try? await upstream.send(.body(.byteBuffer(bytes)))) != nil else { return }
        }
        // The same holds for the end.
        try? await upstream.send(.end(nil))
    }

    private func respond(to request: HTTPRequest, _ reply: Reply, _ upstream: Upstream) async throws {
        let head = try await responseHead(upstream)
        if head.status == .switchingProtocols {
            return try await switchProtocols(request, head, reply, upstream)
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        let headers = HopHeaders.endToEnd(head.headers)
        try await reply.start(head.status, headers, length: length)
        while let part = try await upstream.parts.next() {
            if case .body(let bytes) = part { try await reply.write(bytes) }
            if case .end = part {
                try await reply.end()
                return upstream.close()
            }
        }
        throw Failure.notHTTP
    }

    private func responseHead(_ upstream: Upstream) async throws -> HTTPResponseHead {
        let part: HTTPClientResponsePart?
        do {
            part = try await upstream.parts.next()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Failure.notHTTP
        }
        guard case .head(let head) = part, (200...599).contains(head.status.code) || head.status == .switchingProtocols,
            head.headers["content-length"].count <= 1,
            head.headers.allSatisfy({ HeaderField.isName($0.name) && HeaderField.isValue($0.value) })
        else { throw Failure.notHTTP }
        return head
    }

    private func switchProtocols(
        _ request: HTTPRequest, _ head: HTTPResponseHead, _ reply: Reply, _ upstream: Upstream
    ) async throws {
        guard HopHeaders.upgrade(request.headers) != nil else { throw Failure.notHTTP }
        var headers = HopHeaders.endToEnd(head.headers)
        headers.remove(name: "content-length")
        headers.add(name: "connection", value: "upgrade")
        if let name = head.headers.first(name: "upgrade") { headers.add(name: "upgrade", value: name) }
        try await reply.tunnel(headers, to: upstream)
    }
}
