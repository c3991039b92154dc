import KernelProtocol

/// A kernel that is there, as far as anybody knows.
struct Kernel: Hashable, Sendable {
    enum Origin: Hashable, Sendable {
        /// A command of the guest's, by its pid there.
        case started(UInt32)
        /// A fork of a zygote.
        case landed
        /// Found at work after a restart of the server.
        case found
    }

    let origin: Origin
    /// Whose process group is interrupted and killed.
    let pid: UInt32
    /// It has said its hello; one that has not is on its way.
    var hasGreeted: Bool
}
