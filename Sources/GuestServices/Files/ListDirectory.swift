import CLinux
import Glibc
import GuestProtocol

extension FileWorker {
    /// A link at the path itself is followed, none below it is.
    func list(_ request: ListDirectory) throws(GuestFailure) {
        let root = try lookup.resolve(request.path).path
        let descriptor = root.withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else {
            if errno == ENOTDIR {
                throw GuestFailure(.invalidArgument, "path is not a directory: \(root.text)", errorNumber: ENOTDIR)
            }
            throw GuestFailure(errorNumber: errno, root.text)
        }
        try walk(descriptor, root, levels: max(1, request.depth))
        channel.send(.end)
    }

    /// Sends what is in a directory in the order of its names, each directory followed by what is in it. What goes away
    /// meanwhile is left out. Takes over `descriptor`.
    private func walk(_ descriptor: Int32, _ path: SystemPath, levels: UInt32) throws(GuestFailure) {
        let names = try DirectoryNames.read(descriptor, path: path)
        let inspection = lookup.inspection
        for name in names.map(\.path).sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            let child = path.appending(name)
            guard let status = child.status(followingLink: false) else { continue }
            channel.send(.entry(inspection.entry(child, status)))
            guard levels > 1, status.isDirectory else { continue }
            let below = DirectoryNames.open(at: AT_FDCWD, child)
            if below >= 0 { try walk(below, child, levels: levels - 1) }
        }
    }
}
