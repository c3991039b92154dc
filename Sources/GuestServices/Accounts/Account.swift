/// A line of `/etc/passwd`.
struct Account: Hashable {
    var name: String
    var userID: UInt32
    var groupID: UInt32
    var home: String
    var shell: String

    /// There is always a root: a root file system made from nothing has no `/etc/passwd`.
    static let root = Account(name: "root", userID: 0, groupID: 0, home: "/", shell: "")

    init(name: String, userID: UInt32, groupID: UInt32, home: String, shell: String) {
        self.name = name
        self.userID = userID
        self.groupID = groupID
        self.home = home
        self.shell = shell
    }

    /// nil for a line that is no account: a comment, too few fields, an id that is not a decimal number, a home that
    /// is not absolute.
    init?(line: Substring) {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 7, !fields[0].isEmpty, fields[5].utf8.first == UInt8(ascii: "/"),
            let userID = UInt32(decimal: fields[2]), let groupID = UInt32(decimal: fields[3])
        else { return nil }
        self.init(
            name: String(fields[0]), userID: userID, groupID: groupID, home: String(fields[5]),
            shell: String(fields[6]))
    }
}

/// A line of `/etc/group`.
struct AccountGroup: Hashable {
    var name: String
    var groupID: UInt32
    var members: [String]

    init?(line: Substring) {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 4, !fields[0].isEmpty, let groupID = UInt32(decimal: fields[2]) else { return nil }
        name = String(fields[0])
        self.groupID = groupID
        members = fields[3].split(separator: ",").map(String.init)
    }
}

extension UInt32 {
    /// Digits only, and not the id that means "no id" to the kernel.
    fileprivate init?(decimal text: Substring) {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = UInt32(text), value != .max
        else { return nil }
        self = value
    }
}
