import GuestProtocol

/// The users and groups of the sandbox, read from its own files: a static program has no name service.
struct AccountDatabase {
    /// Supplementary groups of one user.
    static let groupLimit = 1024

    private let accounts: [Account]
    private let groups: [AccountGroup]

    init(passwd: String, group: String) {
        accounts = Self.lines(passwd).compactMap(Account.init(line:))
        groups = Self.lines(group).compactMap(AccountGroup.init(line:))
    }

    static let paths = ["/etc/passwd", "/etc/group"]

    /// As the files are now.
    static func load() -> AccountDatabase {
        let texts = paths.map { TrustlessFile.read($0) ?? "" }
        return AccountDatabase(passwd: texts[0], group: texts[1])
    }

    /// - Throws: `unknownUser`.
    func account(named name: String) throws(GuestFailure) -> Account {
        if let account = accounts.first(where: { $0.name == name }) { return account }
        if name == Account.root.name { return .root }
        throw GuestFailure(.unknownUser, "invalid username: '\(name)'")
    }

    /// The primary group first.
    func groupIDs(of account: Account) -> [UInt32] {
        var found = [account.groupID]
        for group in groups where group.members.contains(account.name) && !found.contains(group.groupID) {
            if found.count == Self.groupLimit { break }
            found.append(group.groupID)
        }
        return found
    }

    /// The number itself if the files do not know it.
    func userName(_ userID: UInt32) -> String {
        accounts.first { $0.userID == userID }?.name ?? (userID == 0 ? Account.root.name : String(userID))
    }

    func groupName(_ groupID: UInt32) -> String {
        groups.first { $0.groupID == groupID }?.name ?? (groupID == 0 ? Account.root.name : String(groupID))
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n")
    }
}
