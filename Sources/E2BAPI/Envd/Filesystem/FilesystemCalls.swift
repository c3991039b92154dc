import GuestClient
import GuestProtocol
import HTTPExchange

/// `filesystem.Filesystem`, one method of the wire per method here.
struct FilesystemCalls: Sendable {
    let call: EnvdCall

    /// - Returns: nil if the service has no such method.
    func respond(to method: String) async -> HTTPResponse? {
        switch method {
        case "Stat": await oneEntry(PathMessage.self) { .stat(FilePath($0.path, user: $1)) }
        case "MakeDir": await oneEntry(PathMessage.self) { .makeDirectory(FilePath($0.path, user: $1)) }
        case "Move":
            await oneEntry(MoveMessage.self) {
                .move(MoveFile(source: FilePath($0.source, user: $1), destination: $0.destination))
            }
        case "ListDir": await listDirectory()
        case "Remove": await remove()
        case "WatchDir": await watchDirectory()
        case "CreateWatcher": await createWatcher()
        case "GetWatcherEvents": await watcherEvents()
        case "RemoveWatcher": await removeWatcher()
        default: nil
        }
    }

    private func oneEntry<Message: Decodable>(
        _: Message.Type, _ request: (Message, String?) -> GuestRequest
    ) async -> HTTPResponse {
        await call.unary(Message.self) { message, header in
            OneEntryAnswer(
                entry: answer(try await call.entry(request(message, header.user), timeout: header.timeout)))
        }
    }

    private func listDirectory() async -> HTTPResponse {
        await call.unary(PathMessage.self) { message, header in
            let list = ListDirectory(path: FilePath(message.path, user: header.user), depth: message.depth)
            let timeout = header.timeout ?? GuestClientLimits.replyTimeout
            return try await call.withExchange(.listDirectory(list), timeout: timeout) { exchange in
                var entries: [EntryAnswer] = []
                var bytes = 0
                while true {
                    switch try await exchange.reply() {
                    case .entry(let entry):
                        bytes += entry.approximateBytes
                        guard bytes <= EnvdLimits.listBytes else { throw Self.tooMany(message.path) }
                        entries.append(answer(entry))
                    case .end: return EntriesAnswer(entries: entries)
                    default: throw GuestClientError.protocolViolation("neither an entry nor the list's end")
                    }
                }
            }
        }
    }

    private static func tooMany(_ path: String) -> ConnectError {
        ConnectError(
            .resourceExhausted,
            "path '\(path)': its entries are more than \(EnvdLimits.listBytes) bytes; ask for less depth")
    }

    private func remove() async -> HTTPResponse {
        await call.unary(PathMessage.self) { message, header in
            try await call.tell(.remove(FilePath(message.path, user: header.user)), timeout: header.timeout)
            return EmptyMessage()
        }
    }

    func answer(_ entry: FileEntry) -> EntryAnswer {
        EntryAnswer(entry: entry, reportsSymbolicLinks: call.environment.reportsSymbolicLinks)
    }
}

extension FileEntry {
    /// What the server holds for it, and writes for it, give or take.
    var approximateBytes: Int {
        let texts = [name, path, owner, group, symlinkTarget ?? ""] + metadata.flatMap { [$0.name, $0.value] }
        return texts.reduce(256) { $0 + $1.utf8.count }
    }
}
