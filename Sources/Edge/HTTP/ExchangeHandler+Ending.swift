import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOHTTP2

/// How requests and connections end: after a response, by a refusal, by a deadline.
extension ExchangeHandler {
    /// What follows a response that was written to its last byte.
    func finishExchange() {
        guard let finished = current.take() else { return }
        deadline.cancel()
        guard case .http1 = transport else {
            if !finished.isRequestWhole { beginLingering() }
            return
        }
        if let afterthought { return refuse(afterthought) }
        guard isClosing else {
            allow(site.limits.idleTimeout)
            takeBacklog()
            return releaseRead()
        }
        finished.isRequestWhole ? context?.close(promise: nil) : beginLingering()
    }

    /// Whether the connection may serve another request after this one. The parser stops at a request that asks for
    /// another protocol.
    func mayKeepAlive(after current: Current) -> Bool {
        current.head.isKeepAlive && requestCount < site.limits.requestsPerConnection
            && current.head.headers["upgrade"].isEmpty
    }

    /// Answers what cannot be an exchange, and ends the connection.
    func refuse(_ refusal: RequestRules.Refusal) {
        guard let context else { return }
        isClosing = true
        let body = ByteBuffer(string: ErrorBody.json(code: Int(refusal.status.code), message: refusal.message))
        var headers: HTTPHeaders = [
            "content-type": "application/json", "content-length": String(body.readableBytes),
        ]
        if case .http1 = transport { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: refusal.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        beginLingering()
    }

    private func beginLingering() {
        lingerBudget = site.limits.lingerBytes
        allow(site.limits.lingerTimeout)
        if case .http1 = transport { context?.close(mode: .output, promise: nil) }
        releaseRead()
    }

    private func endLingering() {
        guard case .http2 = transport else {
            context?.close(promise: nil)
            return
        }
        // The response is whole, and the rest of the request is not wanted, RFC 9113 section 8.1. Without its codec the
        // stream is being closed already.
        guard let context,
            let codec = try? context.pipeline.syncOperations.context(  // nil: as said above
                handlerType: HTTP2FramePayloadToHTTP1ServerCodec.self)
        else { return }
        codec.writeAndFlush(NIOAny(HTTP2Frame.FramePayload.rstStream(.noError)), promise: nil)
    }

    func linger(_ part: HTTPServerRequestPart) {
        switch part {
        case .head: break
        case .body(let bytes):
            lingerBudget = (lingerBudget ?? 0) - bytes.readableBytes
            if (lingerBudget ?? 0) < 0 { endLingering() }
        case .end:
            // A stream that both sides have ended closes by itself.
            if case .http1 = transport { endLingering() }
        }
    }

    // MARK: - Deadlines

    /// From now the client has `timeout` to do what is awaited of it.
    func allow(_ timeout: TimeAmount, isForHead: Bool = false) {
        guard let context else { return }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline.set(timeout, isForHead: isForHead, on: context.eventLoop) { handler.value.isOverdue() }
    }

    func stopWaiting() {
        deadline.cancel()
    }

    private func isOverdue() {
        if deadline.isForHead, current == nil, !isClosing {
            refuse(RequestRules.Refusal(.requestTimeout, "the request's head took too long"))
        } else if lingerBudget != nil {
            endLingering()
        } else {
            context?.close(promise: nil)
        }
    }
}
