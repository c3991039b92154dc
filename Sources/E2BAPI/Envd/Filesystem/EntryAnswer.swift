import GuestProtocol

/// `EntryInfo`: what is at a path, as clients read it.
struct EntryAnswer: Encodable, Sendable {
    let entry: FileEntry
    let reportsSymbolicLinks: Bool

    private enum CodingKeys: String, CodingKey {
        case name, type, path, size, mode, permissions, owner, group, modifiedTime, symlinkTarget, metadata, isSymlink
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(entry.name, forKey: .name)
        try fields.encode(entry.kind.wireName, forKey: .type)
        try fields.encode(entry.path, forKey: .path)
        // 64 bits do not fit into every client's numbers: proto3 writes them as text.
        try fields.encode(String(entry.size), forKey: .size)
        try fields.encode(entry.mode, forKey: .mode)
        try fields.encode(PermissionText(mode: entry.ownMode).description, forKey: .permissions)
        try fields.encode(entry.owner, forKey: .owner)
        try fields.encode(entry.group, forKey: .group)
        try fields.encode(ProtoTimestamp.text(nanoseconds: entry.modifiedNanoseconds), forKey: .modifiedTime)
        try fields.encodeIfPresent(entry.symlinkTarget, forKey: .symlinkTarget)
        if !entry.metadata.isEmpty { try fields.encode(entry.metadataByName, forKey: .metadata) }
        if entry.isSymbolicLink, reportsSymbolicLinks { try fields.encode(true, forKey: .isSymlink) }
    }
}

extension FileEntry {
    var metadataByName: [String: String] {
        Dictionary(metadata.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }
}

extension FileEntry.Kind {
    fileprivate var wireName: String {
        switch self {
        case .other: "FILE_TYPE_UNSPECIFIED"
        case .file: "FILE_TYPE_FILE"
        case .directory: "FILE_TYPE_DIRECTORY"
        case .symbolicLink: "FILE_TYPE_SYMLINK"
        }
    }
}

/// `{"entry": ..}`, the answer of Stat, MakeDir and Move.
struct OneEntryAnswer: Encodable, Sendable {
    let entry: EntryAnswer
}

/// `ListDirResponse`.
struct EntriesAnswer: Encodable, Sendable {
    let entries: [EntryAnswer]
}
