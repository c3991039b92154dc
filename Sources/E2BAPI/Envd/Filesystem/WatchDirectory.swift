import GuestClient
import GuestProtocol
import HTTPExchange
import NIOCore

extension FilesystemCalls {
    /// The changes under a directory as a stream, until the client goes away or its time is up.
    func watchDirectory() async -> HTTPResponse {
        await call.serverStream(WatchMessage.self) { message, header, stream in
            let request = message.request(for: header.user)
            try await call.withExchange(request, idle: header.keepalive, timeout: header.timeout) { exchange in
                try await exchange.expectOK()
                try await stream.send(json: #"{"start":{}}"#)
                while let message = try await exchange.next() {
                    switch message {
                    case .reply(.event(let event)):
                        let symlinks = call.environment.reportsSymbolicLinks
                        let answer = FileEventAnswer(event, reportsSymbolicLinks: symlinks)
                        try await stream.send(WatchAnswer(filesystem: answer))
                    case .idle: try await stream.send(json: #"{"keepalive":{}}"#)
                    case .reply, .output, .bytes:
                        throw GuestClientError.protocolViolation("something else than a change of a file")
                    }
                }
                throw GuestClientError.hungUp
            }
        }
    }

    func createWatcher() async -> HTTPResponse {
        await call.unary(WatchMessage.self) { message, header in
            let watcherID = try await call.environment.watchers.create(message.request(for: header.user), for: call)
            return CreateWatcherAnswer(watcherId: watcherID)
        }
    }

    func watcherEvents() async -> HTTPResponse {
        await call.unaryJSON(WatcherMessage.self) { message, _ in
            let events = try call.environment.watchers.takeEvents(message.watcherID, in: call.sandbox.record.id)
            var json = ByteBuffer(string: #"{"events":["#)
            for (index, event) in events.enumerated() {
                if index > 0 { json.writeStaticString(",") }
                json.writeImmutableBuffer(event)
            }
            json.writeStaticString("]}")
            return json
        }
    }

    func removeWatcher() async -> HTTPResponse {
        await call.unary(WatcherMessage.self) { message, _ in
            try call.environment.watchers.remove(message.watcherID, in: call.sandbox.record.id)
            return EmptyMessage()
        }
    }
}

/// `WatchDirResponse`.
private struct WatchAnswer: Encodable, Sendable {
    let filesystem: FileEventAnswer
}

/// `CreateWatcherResponse`.
private struct CreateWatcherAnswer: Encodable, Sendable {
    let watcherId: String
}
