import GuestProtocol
import HTTPExchange

extension ProcessCalls {
    /// Resizes a process's terminal.
    func update() async -> HTTPResponse {
        await call.unary(ProcessMessage.self) { message, header in
            if let terminal = message.terminal {
                try await call.tell(.resizeTerminal(message.selector, terminal), timeout: header.timeout)
            }
            return EmptyMessage()
        }
    }

    func sendSignal() async -> HTTPResponse {
        await call.unary(ProcessMessage.self) { message, header in
            let number = message.signal?.number ?? 0
            guard number == 9 || number == 15 else {
                throw ConnectError(.unimplemented, "signal: \(number), only SIGKILL and SIGTERM can be sent")
            }
            try await call.tell(.signal(message.selector, UInt8(number)), timeout: header.timeout)
            return EmptyMessage()
        }
    }
}
