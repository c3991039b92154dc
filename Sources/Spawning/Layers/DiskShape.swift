import SpawnerProtocol
import WireCoding

/// How large a writable layer is: its hard limits.
struct DiskShape: Hashable, WireValue {
    var bytes: UInt64
    var inodes: UInt64

    init(bytes: UInt64, inodes: UInt64) {
        self.bytes = bytes
        self.inodes = inodes
    }

    init(_ limits: SpawnLimits) {
        self.init(bytes: limits.diskBytes, inodes: limits.diskInodes)
    }

    func encode(into writer: inout WireWriter) {
        writer.write(bytes)
        writer.write(inodes)
    }

    init(from reader: inout WireReader) throws(WireError) {
        bytes = try reader.integer()
        inodes = try reader.integer()
    }
}
