import Glibc
import LinuxSystem

/// What `/proc` says of a process that may be the first of a sandbox.
struct ProcessFacts {
    /// Whether it is process 1 of its pid namespace.
    let isFirstOfNamespace: Bool
    /// The host's id behind id 0 of its user namespace.
    let firstHostID: UInt32

    /// `nil` if the process is gone or its user namespace is not of our making.
    init?(pid: Int32) {
        guard let status = Self.read("/proc/\(pid)/status"), let map = Self.read("/proc/\(pid)/uid_map") else {
            return nil
        }
        let numbers = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
        isFirstOfNamespace = numbers?.split(whereSeparator: \.isWhitespace).last == "1"
        let fields = map.split(whereSeparator: \.isWhitespace)
        guard fields.count == 3, fields[0] == "0", let id = UInt32(fields[1]),
            fields[2] == String(FamilyBlock.idsPerSlot)
        else { return nil }
        firstHostID = id
    }

    private static let fileLimit = 8192

    private static func read(_ path: String) -> String? {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        var bytes = [UInt8](repeating: 0, count: fileLimit)
        let count = Glibc.read(file.number, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

/// The names in a directory.
enum DirectoryListing {
    static func names(in directory: Int32) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let stream = fdopendir(copy) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
