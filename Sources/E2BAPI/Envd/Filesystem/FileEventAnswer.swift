import GuestProtocol

/// `FilesystemEvent`.
struct FileEventAnswer: Encodable, Sendable {
    let name: String
    let type: String
    let entry: EntryAnswer?

    init(_ event: FileEvent, reportsSymbolicLinks: Bool) {
        name = event.name
        type =
            switch event.kind {
            case .create: "EVENT_TYPE_CREATE"
            case .write: "EVENT_TYPE_WRITE"
            case .remove: "EVENT_TYPE_REMOVE"
            case .rename: "EVENT_TYPE_RENAME"
            case .chmod: "EVENT_TYPE_CHMOD"
            }
        entry = event.entry.map { EntryAnswer(entry: $0, reportsSymbolicLinks: reportsSymbolicLinks) }
    }
}
