import Glibc

/// Whose rights the server keeps: never root's.
struct ServerUser: Sendable, Hashable, Codable {
    /// The user that a package would make for us.
    static let preferredName = "nestbox"
    /// In the range that systemd gives to services without a user of their own: needs no entry in `/etc/passwd`.
    static let standard = ServerUser(uid: 61_811, gid: 61_811)

    let uid: UInt32
    let gid: UInt32

    private init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    /// - Parameter text: a name in the user database, or a number; its group is the user's own, or that same number.
    init?(_ text: String) {
        if let entry = getpwnam(text) ?? UInt32(text).flatMap({ getpwuid($0) }) {
            self.init(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
        } else if let number = UInt32(text), number < UInt32.max {
            self.init(uid: number, gid: number)
        } else {
            return nil
        }
        guard uid != 0, gid != 0 else { return nil }
    }

    static var automatic: ServerUser { ServerUser(preferredName) ?? standard }
}
