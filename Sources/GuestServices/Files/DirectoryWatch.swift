import CLinux
import Glibc
import GuestProtocol

/// inotify(7) on a directory and, if asked, on all below it, including what is made later. Tells changes as fsnotify
/// does: a rename is `rename` of the old name and `create` of the new one.
struct DirectoryWatch {
    /// Directories watched at once.
    static let directoryLimit = 65536

    struct Event: Hashable {
        let kind: FileEvent.Kind
        /// Relative to the root; `.` for the root itself.
        let name: SystemPath
    }

    private static let mask = UInt32(
        IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB | IN_MODIFY | IN_DELETE | IN_ONLYDIR)
    private static let rootMask = mask | UInt32(IN_DELETE_SELF | IN_MOVE_SELF)

    let descriptor: Int32
    private let root: SystemPath
    private let isRecursive: Bool
    /// Watched directories, relative to the root, which is the empty path.
    private var paths: [Int32: SystemPath] = [:]
    /// What a scan of a new directory has told already. The kernel may tell it too, if it was made between the watch
    /// and the scan; it is in the queue then, so an empty queue empties this.
    private var told: Set<SystemPath> = []
    /// A directory that has left its place. If the next event is its arrival it keeps its watches under its new name,
    /// else it has left the tree.
    private var departed: (cookie: UInt32, path: SystemPath)?

    init(_ root: SystemPath, isRecursive: Bool) throws(GuestFailure) {
        self.root = root
        self.isRecursive = isRecursive
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw GuestFailure(errorNumber: errno, "inotify") }
        let number = root.withCString { inotify_add_watch(descriptor, $0, Self.rootMask) }
        guard number >= 0 else { throw Self.failure(errno, root) }
        paths[number] = SystemPath("")
        if isRecursive { try scan(SystemPath("")) { _ in } }
    }

    /// Tells all that has happened by now.
    /// - Throws: `resourceExhausted` if the kernel's queue ran over, or watches ran out.
    mutating func readEvents(_ tell: (Event) -> Void) throws(GuestFailure) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                told = []
                return
            }
            try take(Array(buffer[..<count]), tell)
        }
    }

    private mutating func take(_ bytes: [UInt8], _ tell: (Event) -> Void) throws(GuestFailure) {
        let header = MemoryLayout<inotify_event>.size
        var position = 0
        while position + header <= bytes.count {
            let event = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self) }
            let end = position + header + Int(event.len)
            // The name is padded with NULs.
            try take(event, SystemPath(terminated: bytes[(position + header)..<end]), tell)
            position = end
        }
    }

    private mutating func take(
        _ event: inotify_event, _ name: SystemPath, _ tell: (Event) -> Void
    ) throws(GuestFailure) {
        func has(_ bits: Int32) -> Bool { event.mask & UInt32(bits) != 0 }
        if has(IN_Q_OVERFLOW) { throw GuestFailure(.resourceExhausted, "events were lost: too many at once") }
        if has(IN_IGNORED) {
            paths[event.wd] = nil
            return
        }
        let arrived = settleDeparture(event)
        guard let directory = paths[event.wd], let kind = Self.kind(event.mask) else { return }
        // What happens to a directory below the root is told by its parent.
        if name.bytes.isEmpty, !directory.bytes.isEmpty { return }
        let path = name.bytes.isEmpty ? SystemPath(".") : directory.appending(name)
        // What a scan has told it has also watched.
        if kind == .create, told.remove(path) != nil { return }
        tell(Event(kind: kind, name: path))
        guard isRecursive, event.mask & UInt32(IN_ISDIR) != 0 else { return }
        if has(IN_MOVED_FROM) { departed = (event.cookie, path) }
        if let arrived { return rename(arrived, to: path) }
        guard kind == .create else { return }
        // What came in one piece with a directory that was moved here is no change of its own.
        let isNew = has(IN_CREATE)
        try add(path) { found in
            if isNew { tell(found) }
        }
    }

    /// - Returns: the former path of the directory whose arrival `event` is.
    private mutating func settleDeparture(_ event: inotify_event) -> SystemPath? {
        guard let (cookie, path) = departed else { return nil }
        departed = nil
        if event.mask & UInt32(IN_MOVED_TO) != 0, event.cookie == cookie { return path }
        forget(path)
        return nil
    }

    private mutating func rename(_ former: SystemPath, to path: SystemPath) {
        for (number, known) in paths where known == former || known.isBelow(former) {
            paths[number] = path.appendingSuffix(of: known, after: former)
        }
    }

    private static func kind(_ mask: UInt32) -> FileEvent.Kind? {
        func has(_ bits: Int32) -> Bool { mask & UInt32(bits) != 0 }
        if has(IN_CREATE | IN_MOVED_TO) { return .create }
        if has(IN_DELETE | IN_DELETE_SELF) { return .remove }
        if has(IN_MODIFY) { return .write }
        if has(IN_MOVED_FROM | IN_MOVE_SELF) { return .rename }
        return has(IN_ATTRIB) ? .chmod : nil
    }

    /// Watches a directory and all below it, and tells what is in it. One that is gone again is no failure.
    private mutating func add(_ path: SystemPath, _ tell: (Event) -> Void) throws(GuestFailure) {
        guard paths.count < Self.directoryLimit else {
            throw GuestFailure(.resourceExhausted, "more than \(Self.directoryLimit) directories to watch")
        }
        let whole = root.appending(path)
        let number = whole.withCString {
            inotify_add_watch(descriptor, $0, Self.mask | UInt32(IN_DONT_FOLLOW))
        }
        if number < 0 {
            if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { return }
            throw Self.failure(errno, whole)
        }
        paths[number] = path
        try scan(path, tell)
    }

    private mutating func scan(_ path: SystemPath, _ tell: (Event) -> Void) throws(GuestFailure) {
        let whole = path.bytes.isEmpty ? root : root.appending(path)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (path.bytes.isEmpty ? 0 : O_NOFOLLOW)
        let directory = whole.withCString { open($0, flags) }
        guard directory >= 0 else { return }
        for name in try DirectoryNames.read(directory, path: whole) {
            let child = path.appending(name.path)
            told.insert(child)
            tell(Event(kind: .create, name: child))
            if Int(name.type) == Int(DT_DIR) { try add(child, tell) }
        }
    }

    /// A directory has left its place: what was watched below it is no longer known by these names.
    private mutating func forget(_ path: SystemPath) {
        for (number, known) in paths where known == path || known.isBelow(path) {
            inotify_rm_watch(descriptor, number)
            paths[number] = nil
        }
    }

    private static func failure(_ number: Int32, _ path: SystemPath) -> GuestFailure {
        if number == ENOSPC {
            return GuestFailure(.resourceExhausted, "no more directories can be watched", errorNumber: number)
        }
        return GuestFailure(errorNumber: number, path.text)
    }
}
