import Auth
import Glibc
import Persistence
import SandboxModel

/// The key that the first start makes for tenant `default`, so that there is one.
struct FirstKey {
    static let name = "first start"

    private let keys: KeyService

    init(_ keys: KeyService) {
        self.keys = keys
    }

    /// Makes the key and writes it to the file. One that an earlier start made and could not write is revoked: nobody
    /// has it.
    func write(to descriptor: Int32) async throws {
        for lost in try await keys.list(of: .default) where lost.name == Self.name && lost.revokedAt == nil {
            try await keys.revoke(lost.id, of: .default)
        }
        let (key, _) = try await keys.create(name: Self.name, for: .default)
        let line = Array("\(key.secret)\n".utf8)
        try ServeError.check("write", DataDirectory.keyPath) { Glibc.write(descriptor, line, line.count) }
        try ServeError.check("fsync", DataDirectory.keyPath) { fsync(descriptor) }
        close(descriptor)
    }
}
