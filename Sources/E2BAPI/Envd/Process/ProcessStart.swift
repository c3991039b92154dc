import GuestClient
import GuestProtocol
import HTTPExchange
import NIOCore
import SandboxModel

extension ProcessCalls {
    /// Starts a process and tells its events until it has ended. Once the request is whole the process is started,
    /// though its client may be gone by then, and it lives on when the client goes away.
    func start() async -> HTTPResponse {
        await call.serverStream(StartMessage.self, isOwed: true) { message, header, stream in
            guard header.timeout != .zero else { throw Self.timeIsUp }
            let request = GuestRequest.startProcess(Self.process(message, header))
            // The guest ends the process in time; the server's own patience is for a guest that does not.
            let patience = header.timeout.map { $0 + EnvdLimits.timeoutGrace }
            var isRecorded = false
            do {
                let exit = try await call.withExchange(
                    request, isOwed: true, idle: header.keepalive, timeout: patience
                ) { exchange in
                    try await Self.tell(&exchange, to: stream) { pid in
                        isRecorded = true
                        await recordStart(message, pid)
                    }
                }
                try await stream.ended(exit)
            } catch GuestClientError.cancelled where !isRecorded {
                await recordStart(message, nil)
                throw GuestClientError.cancelled
            }
        }
    }

    /// Attaches to a process: what it writes from now on, and its end.
    func connect() async -> HTTPResponse {
        await call.serverStream(ProcessMessage.self) { message, header, stream in
            guard header.timeout != .zero else { throw Self.timeIsUp }
            let request = GuestRequest.attachProcess(message.selector)
            let exit = try await call.withExchange(
                request, idle: header.keepalive, timeout: header.timeout
            ) { exchange in
                try await Self.tell(&exchange, to: stream) { _ in }
            }
            try await stream.ended(exit)
        }
    }

    private static var timeIsUp: ConnectError {
        ConnectError(.deadlineExceeded, "the command's time is up")
    }

    private static func process(_ message: StartMessage, _ header: ConnectCall) -> StartProcess {
        StartProcess(
            command: message.config.command, arguments: message.config.arguments,
            environment: message.config.environment, workingDirectory: message.config.workingDirectory,
            user: header.user, tag: message.tag, terminal: message.terminal,
            input: message.hasInput && message.terminal == nil ? .pipe : .none,
            timeoutMilliseconds: header.timeout.map { UInt64($0.nanoseconds / 1_000_000) } ?? 0)
    }

    /// Passes on what the guest says of one process, in order, up to its end, which is for the caller to tell.
    private static func tell(
        _ exchange: inout GuestExchange, to stream: ConnectStream, started: (UInt32) async -> Void
    ) async throws -> ProcessExit {
        guard case .started(let pid) = try await exchange.reply() else {
            throw GuestClientError.protocolViolation("something else where the start of a process was due")
        }
        do {
            try await stream.started(pid)
        } catch {
            await started(pid)
            throw error
        }
        await started(pid)
        while let message = try await exchange.next() {
            switch message {
            case .output(let channel, let bytes): try await stream.output(channel, bytes)
            case .idle: try await stream.processKeepalive()
            // The wire has no word for output that nobody was there to read.
            case .reply(.missed): continue
            case .reply(.exited(let exit)):
                guard !exit.timedOut else { throw timeIsUp }
                return exit
            case .reply, .bytes:
                throw GuestClientError.protocolViolation("neither output nor the end of a process")
            }
        }
        throw GuestClientError.hungUp
    }

    /// Of the arguments only their number is told: they may hold secrets.
    /// - Parameter pid: nil if nobody has waited to hear it.
    private func recordStart(_ message: StartMessage, _ pid: UInt32?) async {
        let name = message.config.command.split(separator: "/").last.map(String.init) ?? message.config.command
        var fields = ["command": name, "arguments": "\(message.config.arguments.count)"]
        fields["pid"] = pid.map(String.init)
        let event = SandboxEvent(
            at: call.environment.clock.now, level: .info, message: "command started", fields: fields)
        await call.environment.record(event, call.sandbox.record.id)
    }
}
