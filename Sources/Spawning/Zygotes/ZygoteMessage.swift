import SpawnerProtocol

/// One datagram from a zygote; the other end is in Kernels/land. Hostile: whoever wrote the template wrote it.
enum ZygoteMessage: Hashable {
    case ready
    /// The fork's number in its sandbox.
    case landed(UInt32)
    case failed(SpawnFailure)
    case pong

    /// Largest datagram, in bytes.
    static let byteLimit = 256
    private static let numberBytes = 4

    private enum Tag: UInt8 {
        case ready = 1
        case landed, failed, pong
    }

    init(_ bytes: [UInt8]) throws(ZygoteNonsense) {
        guard let first = bytes.first, let tag = Tag(rawValue: first), bytes.count <= Self.byteLimit else {
            throw ZygoteNonsense("it said what is no message")
        }
        switch (tag, bytes.count - 1) {
        case (.ready, 0): self = .ready
        case (.pong, 0): self = .pong
        case (.landed, Self.numberBytes):
            let pid = Self.number(bytes)
            guard pid > 1 else { throw ZygoteNonsense("it named a process that no fork is") }
            self = .landed(UInt32(pid))
        case (.failed, Self.numberBytes...):
            // It goes into a log.
            let step = bytes.dropFirst(1 + Self.numberBytes).map { (0x20...0x7e).contains($0) ? $0 : 0x3f }
            self = .failed(
                SpawnFailure(landing: String(decoding: step, as: UTF8.self), errorNumber: Self.number(bytes)))
        default: throw ZygoteNonsense("it said what is too long or too short")
        }
    }

    private static func number(_ bytes: [UInt8]) -> Int32 {
        Int32(bitPattern: bytes[1...numberBytes].reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
}
