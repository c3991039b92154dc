import GuestClient
import GuestProtocol
import HTTPExchange

extension ProcessCalls {
    /// One message for a process's standard input or terminal, answered once the process's pipe has it.
    func sendInput() async -> HTTPResponse {
        await call.unary(ProcessMessage.self) { message, header in
            guard let input = message.input else {
                throw ConnectError(.invalidArgument, "input: missing, one of stdin and pty is due")
            }
            let pieces = input.pieces
            if pieces.count <= 1 {
                let whole = GuestProtocol.ProcessInput(channel: input.channel, bytes: input.bytes)
                try await call.tell(.sendInput(message.selector, whole), timeout: header.timeout)
            } else {
                let timeout = header.timeout ?? GuestClientLimits.replyTimeout
                try await call.withExchange(.streamInput(message.selector), timeout: timeout) { exchange in
                    try await exchange.expectOK()
                    for piece in pieces { try await exchange.send(.input(piece)) }
                    try await Self.finishInput(&exchange)
                }
            }
            return EmptyMessage()
        }
    }

    /// A stream of input: first whose, then what. Each message is taken by the guest before the next is read.
    func streamInput() async -> HTTPResponse {
        await call.clientStream { messages, header in
            guard let first = try await Self.nextEvent(&messages), case .start(let selector) = first else {
                throw ConnectError(.invalidArgument, "event: the stream's first message must be start")
            }
            try await call.withExchange(.streamInput(selector), timeout: header.timeout) { exchange in
                try await exchange.expectOK()
                while let event = try await Self.nextEvent(&messages) {
                    switch event {
                    case .data(let input):
                        for piece in input.pieces { try await exchange.send(.input(piece)) }
                    case .keepalive: continue
                    case .start: throw ConnectError(.invalidArgument, "event: start may only be the first message")
                    }
                }
                try await Self.finishInput(&exchange)
            }
        }
    }

    func closeInput() async -> HTTPResponse {
        await call.unary(ProcessMessage.self) { message, header in
            do {
                try await call.tell(.closeInput(message.selector), timeout: header.timeout)
            } catch GuestClientError.failure(let failure) where failure.code == .wrongChannel {
                throw ConnectError(.unknown, failure.message)
            }
            return EmptyMessage()
        }
    }

    private static func nextEvent(_ messages: inout ConnectMessages) async throws -> StreamInputMessage.Event? {
        guard let bytes = try await messages.next() else { return nil }
        return try ProtoJSON.decode(StreamInputMessage.self, from: bytes).event
    }

    private static func finishInput(_ exchange: inout GuestExchange) async throws {
        try await exchange.send(.end)
        try await exchange.expectOK()
    }
}
