import Glibc

/// Whose rights the command has. Inside it is always the same ordinary user; outside it is the caller, or as root a
/// user that nobody else on the host is while the command runs.
struct RunUser: Hashable {
    static let inside: UInt32 = 1000
    static let name = "user"
    static let home = "/home/user"

    private static let firstPrivateID: UInt32 = 0x7000_0000
    /// A template's files have many owners; its run gets a range of ids, by the lower bits of the process id.
    private static let rangeSize: UInt32 = 65536
    private static let rangeCount: UInt32 = 4096
    private static let firstRangeID: UInt32 = 0x6000_0000

    /// The ids mapped: how many, from which on.
    let idCount: UInt32
    let firstInside: UInt32
    let firstOutside: UInt32
    let firstOutsideGroup: UInt32
    /// We may map any id and show files of one user as another's.
    let isPrivileged: Bool

    var outside: UInt32 { firstOutside + Self.inside - firstInside }
    var outsideGroup: UInt32 { firstOutsideGroup + Self.inside - firstInside }

    /// One user and nothing else.
    static func single() -> RunUser {
        let isRoot = geteuid() == 0
        let id = firstPrivateID + UInt32(getpid())
        return RunUser(
            idCount: 1, firstInside: inside, firstOutside: isRoot ? id : geteuid(),
            firstOutsideGroup: isRoot ? id : getegid(), isPrivileged: isRoot)
    }

    /// All users of a template. For root only.
    static func range() -> RunUser {
        let first = firstRangeID + UInt32(getpid()) % rangeCount * rangeSize
        return RunUser(
            idCount: rangeSize, firstInside: 0, firstOutside: first, firstOutsideGroup: first, isPrivileged: true)
    }
}
