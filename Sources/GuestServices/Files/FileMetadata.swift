import CLinux
import Glibc
import GuestProtocol
import WireCoding

/// A client's own words about a file: its `user.e2b.*` extended attributes.
enum FileMetadata {
    static let prefix = "user.e2b."
    /// Names and values of one file in bytes, and pairs; what goes beyond was not put there through this protocol.
    static let byteLimit = 128 << 10
    static let countLimit = 1024

    /// Sorted by name; empty where there are none or the file system has no attributes.
    static func read(_ path: SystemPath) -> [WirePair] {
        var pairs: [WirePair] = []
        var left = byteLimit
        for name in names(path).sorted() where pairs.count < countLimit {
            guard let value = value(path, name) else { continue }
            let pair = WirePair(name: String(name.dropFirst(prefix.count)), value: value)
            left -= pair.name.utf8.count + pair.value.utf8.count
            if left < 0 { break }
            pairs.append(pair)
        }
        return pairs
    }

    /// Makes `pairs` the whole metadata of an open file.
    /// - Throws: `invalidArgument` for names and sizes that no attribute can have, `notSupported`, `noSpace`.
    static func replace(_ file: Int32, path: SystemPath, with pairs: [WirePair]) throws(GuestFailure) {
        for name in names(path) where !pairs.contains(where: { prefix + $0.name == name }) {
            if fremovexattr(file, name) != 0, errno != ENODATA { throw GuestFailure(errorNumber: errno, path.text) }
        }
        for pair in pairs {
            let value = Array(pair.value.utf8)
            guard fsetxattr(file, prefix + pair.name, value, value.count, 0) != 0 else { continue }
            if errno == ERANGE || errno == E2BIG {
                throw GuestFailure(.invalidArgument, "metadata '\(pair.name)' is too long", errorNumber: errno)
            }
            throw GuestFailure(errorNumber: errno, "metadata '\(pair.name)' of \(path.text)")
        }
    }

    static func refuseBad(_ pairs: [WirePair]) throws(GuestFailure) {
        for pair in pairs {
            try GuestFailure.refuseNUL(pair.name, field: "metadata name")
            if pair.name.isEmpty { throw GuestFailure(.invalidArgument, "metadata name is empty") }
        }
        let bytes = pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard pairs.count <= countLimit, bytes <= byteLimit else {
            throw GuestFailure(.invalidArgument, "metadata is over \(countLimit) names or \(byteLimit) bytes")
        }
    }

    private static func names(_ path: SystemPath) -> [String] {
        let size = path.withCString { listxattr($0, nil, 0) }
        guard size > 0 else { return [] }
        var buffer = [CChar](repeating: 0, count: size)
        let count = path.withCString { listxattr($0, &buffer, size) }
        guard count > 0 else { return [] }
        let bytes = buffer[..<count].map { UInt8(bitPattern: $0) }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix(prefix) }
    }

    private static func value(_ path: SystemPath, _ name: String) -> String? {
        let size = path.withCString { getxattr($0, name, nil, 0) }
        guard size >= 0, size <= byteLimit else { return nil }
        var buffer = [UInt8](repeating: 0, count: size)
        let count = path.withCString { getxattr($0, name, &buffer, size) }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
