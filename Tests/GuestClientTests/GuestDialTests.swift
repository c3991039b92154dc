import GuestClient
import GuestProtocol
import NIOCore
import Testing

@Suite struct GuestDialTests {
    @Test func `a peer that speaks and leaves at once is heard to the end`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello".utf8))
        } to: { guest, group in
            let eventLoop = group.any()
            let collector = Collector(eventLoop: eventLoop)
            let channel = try await GuestClient(group).dial(
                port: 80, socketPath: guest.socketPath, on: eventLoop,
                addHandlers: { try $0.pipeline.syncOperations.addHandler(collector) })
            channel.read()
            let text = try await collector.result.get()
            #expect(text == "hello")
            channel.close(promise: nil)
        }
    }

    @Test func `bytes right behind ok reach handlers that were added later`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes + Array("hello".utf8))
            while try await connection.hear() != nil {}
        } to: { guest, group in
            let eventLoop = group.any()
            let channel = try await GuestClient(group).dial(port: 80, socketPath: guest.socketPath, on: eventLoop)
            let collector = Collector(eventLoop: eventLoop)
            try await channel.pipeline.addHandler(collector)
            channel.read()
            try await channel.eventLoop.submit {}.get()
            try await channel.close()
            let text = try await collector.result.get()
            #expect(text == "hello")
        }
    }

    @Test func `a channel that reads by itself goes on after what was held`() async throws {
        try await FakeGuest.lend { connection in
            _ = try await connection.hear()
            try await connection.write(GuestReply.ok.frame.bytes)
            for word in ["one ", "two ", "three"] {
                _ = try await connection.hear()
                try await connection.write(Array(word.utf8))
            }
        } to: { guest, group in
            let eventLoop = group.any()
            let collector = Collector(eventLoop: eventLoop, answer: ByteBuffer(string: "go on"))
            let channel = try await GuestClient(group).dial(
                port: 80, socketPath: guest.socketPath, on: eventLoop,
                addHandlers: { try $0.pipeline.syncOperations.addHandler(collector) })
            try await channel.setOption(.autoRead, value: true).get()
            try await channel.writeAndFlush(ByteBuffer(string: "begin"))
            let text = try await collector.result.get()
            #expect(text == "one two three")
            channel.close(promise: nil)
        }
    }

    @Test func `a port on which nobody listens is the guest's refusal`() async throws {
        let refusal = GuestFailure(.connectionRefused, "connection refused", errorNumber: 111)
        try await FakeGuest.lend { connection in
            try await connection.write(GuestReply.failure(refusal).frame.bytes)
            _ = try await connection.hear()
        } to: { guest, group in
            await #expect(throws: GuestClientError.failure(refusal)) {
                _ = try await GuestClient(group).dial(port: 80, socketPath: guest.socketPath, on: group.any())
            }
        }
    }
}

/// All the text until the other side says no more.
private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let result: EventLoopFuture<String>
    private let promise: EventLoopPromise<String>
    private let text: NIOLoopBoundBox<String>

    private let answer: ByteBuffer?

    /// - Parameter answer: what to say to each piece.
    init(eventLoop: any EventLoop, answer: ByteBuffer? = nil) {
        self.answer = answer
        promise = eventLoop.makePromise()
        result = promise.futureResult
        text = .makeBoxSendingValue("", eventLoop: eventLoop)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text.value += String(buffer: unwrapInboundIn(data))
        if let answer { context.writeAndFlush(NIOAny(answer), promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.succeed(text.value)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { promise.succeed(text.value) }
    }
}
