import ArgumentParser
import Auth
import Glibc
import Persistence
import SandboxModel

/// `nestbox key`: works on the database itself, whether or not a server runs.
struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "API keys.",
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self])
}

/// Which installation's keys, and whose.
struct KeyOptions: ParsableArguments {
    @OptionGroup var data: DataOption
    @Option(help: "The tenant.") var tenant = TenantID.default.text
    @Flag(help: "For machines.") var json = false

    func open() async throws -> (keys: KeyService, tenant: TenantID) {
        let path = "\(data.path)/\(DataDirectory.databasePath)"
        // Not made here: a database of root's would be of no use to the server.
        guard access(path, R_OK | W_OK) == 0 else {
            throw ServeError(
                errno == ENOENT
                    ? "there is no installation in \(data.path); `nestbox serve` makes one"
                    : "\(path): \(String(cString: strerror(errno))); keys are root's business")
        }
        let database = try await Database.open(at: path)
        return (KeyService(KeyStore(database), clock: SystemClock()), try TenantID(tenant))
    }
}

/// What is shown of a key.
private struct KeyLine: Encodable {
    let id: String
    let name: String
    let mask: String
    let createdAt: String
    let revokedAt: String?

    init(_ key: StoredKey) {
        id = key.id
        name = key.name
        mask = key.mask
        createdAt = key.createdAt.text
        revokedAt = key.revokedAt?.text
    }
}

struct KeyCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a key and prints it, this once.")

    @OptionGroup var options: KeyOptions
    @Argument(help: "What it is for.") var name = ""

    private struct Created: Encodable {
        let id: String
        let key: String
    }

    func run() async throws {
        let (keys, tenant) = try await options.open()
        let (key, stored) = try await keys.create(name: name, for: tenant)
        if options.json { try Output.json(Created(id: stored.id, key: key.secret)) } else { print(key.secret) }
    }
}

struct KeyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the keys.")

    @OptionGroup var options: KeyOptions

    func run() async throws {
        let (keys, tenant) = try await options.open()
        let lines = try await keys.list(of: tenant).map(KeyLine.init)
        if options.json { return try Output.json(lines) }
        Output.table(
            ["ID", "NAME", "KEY", "CREATED", "REVOKED"],
            lines.map { [$0.id, $0.name, $0.mask, $0.createdAt, $0.revokedAt ?? "-"] })
    }
}

struct KeyRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Makes a key worthless, within seconds also for a server that runs.")

    @OptionGroup var options: KeyOptions
    @Argument(help: "The key's id.") var id: String

    func run() async throws {
        let (keys, tenant) = try await options.open()
        guard let key = try await keys.revoke(id, of: tenant) else {
            throw ServeError("tenant \(tenant) has no key \(id)")
        }
        if options.json { try Output.json(KeyLine(key)) }
    }
}
