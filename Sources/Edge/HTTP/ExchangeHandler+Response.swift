import HTTPExchange
import NIOCore
import NIOHTTP1

/// What a `Reply` asks for. Each call is for one request by its id; one that comes after that request's end fails with
/// `ClientGone`.
extension ExchangeHandler {
    func send(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: ByteBuffer?, for id: String,
        _ promise: EventLoopPromise<Void>
    ) {
        guard begins(id, promise), let current else { return }
        let bytes = current.head.method == .HEAD || !status.mayHaveResponseBody ? nil : body
        writeHead(status, headers, length: body?.readableBytes ?? 0)
        if let bytes, bytes.readableBytes > 0 {
            context?.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
        }
        writeEnd(promise)
    }

    func start(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, length: Int?, for id: String,
        _ promise: EventLoopPromise<Void>
    ) {
        guard begins(id, promise) else { return }
        writeHead(status, headers, length: length)
        self.current?.response = .started(missing: status.mayHaveResponseBody ? length : 0)
        flushSoon()
        promise.succeed()
    }

    func write(_ bytes: ByteBuffer, for id: String, _ promise: EventLoopPromise<Void>) {
        guard let current, current.exchange.request.id == id, let context,
            case .started(let missing) = current.response
        else { return promise.fail(ClientGone()) }
        if let missing {
            // More than was announced would be read as the next response.
            guard bytes.readableBytes <= missing else { return promise.fail(ClientGone()) }
            self.current?.response = .started(missing: missing - bytes.readableBytes)
        }
        let part = wrapOutboundOut(.body(.byteBuffer(bytes)))
        guard context.channel.isWritable else {
            awaitFlush(promise)
            return context.writeAndFlush(part, promise: promise)
        }
        context.write(part, promise: nil)
        flushSoon()
        promise.succeed()
    }

    func end(for id: String, _ promise: EventLoopPromise<Void>) {
        guard let current, current.exchange.request.id == id, case .started(let missing) = current.response,
            missing == nil || missing == 0 || current.head.method == .HEAD
        else { return promise.fail(ClientGone()) }
        writeEnd(promise)
    }

    /// Ends the connection if the response to `id` is not whole.
    func cut(_ id: String) {
        guard let current, current.exchange.request.id == id, current.response != .ended else { return }
        context?.close(promise: nil)
    }

    func sendContinue() {
        current?.awaitsContinue = false
        let version = current?.head.version ?? .http1_1
        guard version.isModern else { return }
        context?.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: version, status: .continue))), promise: nil)
    }

    private func begins(_ id: String, _ promise: EventLoopPromise<Void>) -> Bool {
        guard let current, current.exchange.request.id == id, current.response == .awaited, context != nil else {
            promise.fail(ClientGone())
            return false
        }
        return true
    }

    private func writeHead(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, length: Int?) {
        guard let current else { return }
        var headers = headers
        headers.remove(name: "content-length")
        headers.remove(name: "transfer-encoding")
        if let length, status.mayHaveResponseBody { headers.add(name: "content-length", value: String(length)) }
        if case .http1 = transport { addConnectionHeaders(&headers, current, status, length: length) }
        let head = HTTPResponseHead(version: current.head.version, status: status, headers: headers)
        context?.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func addConnectionHeaders(
        _ headers: inout HTTPHeaders, _ current: Current, _ status: HTTPResponseStatus, length: Int?
    ) {
        let isUndelimited = status.mayHaveResponseBody && current.head.method != .HEAD && length == nil
        if isUndelimited, current.head.version.isModern {
            headers.add(name: "transfer-encoding", value: "chunked")
        }
        // A response that is whole before its request is, has not waited for it; a streamed one may yet.
        let overtakes = length != nil && !current.isRequestWhole
        let isEndedByClose = isUndelimited && !current.head.version.isModern
        headers.remove(name: "connection")
        if !mayKeepAlive(after: current) || overtakes || isEndedByClose {
            isClosing = true
            headers.add(name: "connection", value: "close")
        } else if !current.head.version.isModern {
            headers.add(name: "connection", value: "keep-alive")
        }
    }

    private func writeEnd(_ promise: EventLoopPromise<Void>) {
        guard let context else { return promise.fail(ClientGone()) }
        current?.response = .ended
        if let current, !current.isRequestWhole { isClosing = true }
        allow(site.limits.stallTimeout)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in handler.value.finishExchange() }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    /// Writing to the client costs more than all else about a short message: one flush for what comes in one go.
    private func flushSoon() {
        guard !isFlushDue, let context else { return }
        isFlushDue = true
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            handler.value.isFlushDue = false
            handler.value.context?.flush()
        }
    }

    /// The client has a while to read what is written.
    private func awaitFlush(_ promise: EventLoopPromise<Void>) {
        guard let context else { return }
        allow(site.limits.stallTimeout)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            if handler.value.current?.exchange.body.isDemanded != true { handler.value.stopWaiting() }
        }
    }
}
