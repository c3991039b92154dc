import GuestClient
import HTTPExchange
import NIOCore
import NIOHTTP1

/// One request and the response to it. Born on the connection's event loop when the head is in; then a task of the
/// server's `run()` answers it, and speaks to the connection only through `reply`.
final class Exchange: Sendable {
    let request: HTTPRequest
    /// What arrived of the request's body.
    let body: Mailbox<ByteBuffer>
    let reply: Reply
    /// Raised when the client is gone.
    private let gone = Signal()

    init(
        head: HTTPRequestHead, accepted: RequestRules.Accepted, handler: NIOLoopBound<ExchangeHandler>,
        channel: any Channel, facts: ConnectionFacts
    ) {
        let eventLoop = channel.eventLoop
        let body = Mailbox<ByteBuffer> { eventLoop.execute { handler.value.bodyWasDemanded() } }
        request = HTTPRequest(
            method: head.method, target: accepted.target, headers: accepted.headers,
            body: RequestBody { try await body.next() }, id: Self.newID())
        self.body = body
        reply = Reply(
            handler: handler, channel: channel, requestID: request.id, isHead: head.method == .HEAD,
            facts: facts)
    }

    /// Lets `responder` answer; returns when it has, or has given up because the client is gone.
    func run(_ responder: any EdgeResponder) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await responder.serve(self.request, self.reply)
                await self.reply.cutUnlessEnded()
            }
            group.addTask { await self.gone.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// Ends what the task waits for, and cancels it.
    func clientIsGone() {
        body.fail(ClientGone())
        gone.raise()
    }

    private static func newID() -> String {
        let hexadecimal = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 16 - hexadecimal.utf8.count) + hexadecimal
    }
}

/// Answers requests, in whichever shape: the routing at the top of the edge.
protocol EdgeResponder: Sendable {
    /// Answers through `reply`. A reply that was begun and not ended when this returns is cut.
    func serve(_ request: HTTPRequest, _ reply: Reply) async
}
