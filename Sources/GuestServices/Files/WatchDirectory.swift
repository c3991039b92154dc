import CLinux
import Glibc
import GuestProtocol

extension FileWorker {
    /// Ends with the connection, or with a failure when events were lost.
    func watch(_ request: WatchDirectory) throws(GuestFailure) {
        let path = try lookup.resolve(request.path).path
        guard let status = path.status(followingLink: true) else { throw GuestFailure(errorNumber: errno, path.text) }
        guard status.isDirectory else {
            throw GuestFailure(.invalidArgument, "path is not a directory: \(path.text)", errorNumber: ENOTDIR)
        }
        if !request.allowsNetworkMounts { try NetworkMount.refuse(path) }
        var watch = try DirectoryWatch(path, isRecursive: request.isRecursive)
        channel.send(.ok)
        while WorkerChannel.waitReadable(watch.descriptor) {
            var frames: [UInt8] = []
            try watch.readEvents { event in frames += reply(event, path, withEntry: request.includesEntry) }
            channel.send(frames)
        }
    }

    private func reply(_ event: DirectoryWatch.Event, _ root: SystemPath, withEntry: Bool) -> [UInt8] {
        var found: FileEntry?
        if withEntry, [.create, .write, .chmod].contains(event.kind) {
            let path = event.name == SystemPath(".") ? root : root.appending(event.name)
            // What is gone again has no entry; the event stands.
            found = try? lookup.entry(path)
        }
        return GuestReply.event(FileEvent(kind: event.kind, name: event.name.text, entry: found)).frame.bytes
    }
}

/// File systems where changes made elsewhere are never seen, by their numbers in statfs(2).
enum NetworkMount {
    private static let types: Set<UInt32> = [
        0x6969,  // NFS
        0x517B, 0xFE53_4D42, 0xFF53_4D42,  // SMB, SMB2, CIFS
        0x0102_1997,  // 9P
        0x6573_5546,  // FUSE
        0x00C3_6400,  // Ceph
        0x5346_414F, 0x6B41_4653,  // AFS
    ]

    /// - Throws: `invalidArgument` if changes at `path` may go unseen.
    static func refuse(_ path: SystemPath) throws(GuestFailure) {
        var status = statfs()
        guard path.withCString({ statfs($0, &status) }) == 0 else { throw GuestFailure(errorNumber: errno, path.text) }
        if types.contains(UInt32(truncatingIfNeeded: status.f_type)) {
            throw GuestFailure(.invalidArgument, "cannot watch path on network filesystem: \(path.text)")
        }
    }
}
