import ArgumentParser
import E2BAPI
import SandboxModel

/// `nestbox pool`: sandboxes that are ready before they are asked for.
struct PoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Pools of ready sandboxes.",
        subcommands: [PoolSetCommand.self, PoolListCommand.self, PoolRemoveCommand.self])
}

/// A time as people write it: `250ms`, `10s`, `2m`; a bare number is seconds.
struct TimeText: ExpressibleByArgument {
    let milliseconds: Int

    private static let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("", 1000)]

    init?(argument: String) {
        for (suffix, factor) in Self.units where argument.hasSuffix(suffix) {
            guard let number = Int(argument.dropLast(suffix.count)), number >= 0 else { continue }
            let (product, overflows) = number.multipliedReportingOverflow(by: factor)
            guard !overflows else { return nil }
            milliseconds = product
            return
        }
        return nil
    }
}

/// Which tenant's pools, and by which way.
struct PoolOptions: ParsableArguments {
    @OptionGroup var remote: RemoteOptions
    @Option(
        help: """
            Another tenant than the key's: root's way, in the installation's database; a running server takes it up \
            within seconds.
            """)
    var tenant: String?

    /// The tenant's pools in the database itself; nil if the server is to be asked.
    func store() async throws -> PoolStoreOfTenant? {
        guard let tenant else { return nil }
        return try await PoolStoreOfTenant(data: remote.data, tenant: TenantID(tenant))
    }
}

struct PoolSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Keeps sandboxes of a template ready, from now on.")

    @OptionGroup var options: PoolOptions
    @Option(help: "Sandboxes kept ready.") var min: Int
    @Option(help: "Most of them at all: ready, being made, and in use.") var max: Int
    @Option(help: "How long a request may wait while all are in use: 250ms, 10s, 2m.")
    var acquireTimeout: TimeText?
    @Argument(help: "The template.") var template: String

    private struct Request: Encodable {
        let min: Int
        let max: Int
        let acquireTimeoutMs: Int
    }

    func run() async throws {
        let timeout = acquireTimeout?.milliseconds ?? PoolSettings.defaultAcquireTimeout
        let settings = try PoolSettings(minimum: min, maximum: max, acquireTimeoutMilliseconds: timeout)
        if let store = try await options.store() { return try await store.set(template, settings) }
        let pool = try await options.remote.server().call(
            .PUT, "/nestbox/pools/\(RemoteServer.segment(template))",
            Request(min: min, max: max, acquireTimeoutMs: timeout), as: PoolResponse.self)
        if options.remote.json { try Output.json(pool) }
    }
}

struct PoolListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the pools, what they have and how they have fared.")

    @OptionGroup var remote: RemoteOptions

    func run() async throws {
        let pools = try await remote.server().call(.GET, "/nestbox/pools", as: [PoolResponse].self)
        if remote.json { return try Output.json(pools) }
        Output.table(
            ["TEMPLATE", "MIN", "MAX", "READY", "IN USE", "WAITING", "HITS", "MISSES", "WAITS", "TIMEOUTS", "REFILL"],
            pools.map {
                [
                    $0.templateID, "\($0.min)", "\($0.max)", "\($0.ready)", "\($0.inUse)", "\($0.waiting)",
                    "\($0.hits)", "\($0.misses)", "\($0.waits)", "\($0.timeouts)",
                    "\(Int($0.meanRefillMs.rounded())) ms",
                ]
            })
    }
}

struct PoolRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Keeps no sandboxes of a template ready any more; those in use live on.")

    @OptionGroup var options: PoolOptions
    @Argument(help: "The template.") var template: String

    func run() async throws {
        if let store = try await options.store() { return try await store.remove(template) }
        _ = try await options.remote.server().call(.DELETE, "/nestbox/pools/\(RemoteServer.segment(template))")
    }
}
