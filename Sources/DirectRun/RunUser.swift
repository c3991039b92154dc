import Glibc

/// Whose rights the command has: one user inside, one outside, and nothing else mapped.
struct RunUser: Hashable {
    static let inside: UInt32 = 1000
    static let insideGroup: UInt32 = 1000
    static let name = "user"
    static let home = "/home/user"

    /// As root each run gets a user id that nobody else on the host has while it runs.
    private static let firstPrivateID: UInt32 = 0x7000_0000

    let outside: UInt32
    let outsideGroup: UInt32
    /// We may map any id and show files of one user as another's.
    let isPrivileged: Bool

    static func current() -> RunUser {
        if geteuid() == 0 {
            let id = firstPrivateID + UInt32(getpid())
            return RunUser(outside: id, outsideGroup: id, isPrivileged: true)
        }
        return RunUser(outside: geteuid(), outsideGroup: getegid(), isPrivileged: false)
    }
}
