import GuestProtocol

/// Who and where a request for a file means, and what is there.
struct FileLookup {
    let configuration: Configuration
    let accounts: AccountDatabase

    /// The user of `path`, and where it leads.
    func resolve(_ path: FilePath) throws(GuestFailure) -> (account: Account, path: SystemPath) {
        try GuestFailure.refuseNUL(path.user ?? "", field: "user")
        let account = try accounts.account(named: path.user ?? configuration.defaultUser)
        return (account, try resolve(path.path, for: account))
    }

    func resolve(_ path: String, for account: Account) throws(GuestFailure) -> SystemPath {
        let resolution = PathResolution(
            home: account.home, defaultDirectory: configuration.defaultWorkingDirectory)
        return try resolution.resolve(path)
    }

    func entry(_ path: SystemPath) throws(GuestFailure) -> FileEntry {
        try inspection.entry(path)
    }

    var inspection: FileInspection { FileInspection(accounts: accounts) }
}
