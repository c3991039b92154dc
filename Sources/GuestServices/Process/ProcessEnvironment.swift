import WireCoding

/// The variables of a process: later settings win over earlier ones and keep the place of the first.
struct ProcessEnvironment: Hashable {
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private var order: [String] = []
    private var values: [String: String] = [:]

    /// `sandbox`, then `request`, then `reserved`, over what belongs to the account.
    init(account: Account, sandbox: [WirePair], request: [WirePair], reserved: [WirePair]) {
        set("PATH", Self.defaultPath)
        set("HOME", account.home)
        set("USER", account.name)
        set("LOGNAME", account.name)
        if !account.shell.isEmpty { set("SHELL", account.shell) }
        for pairs in [sandbox, request, reserved] {
            for pair in pairs { set(pair.name, pair.value) }
        }
    }

    /// `name=value`, as execve(2) wants them.
    var assignments: [String] { order.map { "\($0)=\(values[$0] ?? "")" } }

    /// The files that may be meant by `command`, best first: itself if it has a slash, else one per absolute directory
    /// of `PATH`. A relative directory there would let a file in the working directory pass for a system command.
    func candidates(for command: String) -> [String] {
        if command.utf8.contains(UInt8(ascii: "/")) { return [command] }
        let directories = (values["PATH"] ?? "").split(separator: ":")
        return directories.filter { $0.utf8.first == UInt8(ascii: "/") }.map { "\($0)/\(command)" }
    }

    private mutating func set(_ name: String, _ value: String) {
        if values.updateValue(value, forKey: name) == nil { order.append(name) }
    }
}
