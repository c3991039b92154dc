import GuestProtocol

// The messages of package `filesystem`, as clients send them.

/// Any request that names one path: Stat, MakeDir, Remove, ListDir.
struct PathMessage: Decodable, Sendable {
    let path: String
    let depth: UInt32

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        path = try fields.field("path") ?? ""
        depth = try fields.field("depth", ProtoInteger<UInt32>.self)?.value ?? 0
    }
}

/// `MoveRequest`.
struct MoveMessage: Decodable, Sendable {
    let source: String
    let destination: String

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        source = try fields.field("source") ?? ""
        destination = try fields.field("destination") ?? ""
    }
}

/// `WatchDirRequest` and `CreateWatcherRequest`.
struct WatchMessage: Decodable, Sendable {
    let path: String
    let isRecursive: Bool
    let includesEntry: Bool
    let allowsNetworkMounts: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: ProtoKey.self)
        path = try fields.field("path") ?? ""
        isRecursive = try fields.field("recursive") ?? false
        includesEntry = try fields.field("includeEntry") ?? false
        allowsNetworkMounts = try fields.field("allowNetworkMounts") ?? false
    }

    func request(for user: String?) -> GuestRequest {
        .watchDirectory(
            WatchDirectory(
                path: FilePath(path, user: user), isRecursive: isRecursive, includesEntry: includesEntry,
                allowsNetworkMounts: allowsNetworkMounts))
    }
}

/// `GetWatcherEventsRequest` and `RemoveWatcherRequest`.
struct WatcherMessage: Decodable, Sendable {
    let watcherID: String

    init(from decoder: any Decoder) throws {
        watcherID = try decoder.container(keyedBy: ProtoKey.self).field("watcherId") ?? ""
    }
}
