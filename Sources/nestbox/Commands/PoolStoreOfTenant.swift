import Glibc
import Persistence
import SandboxModel

/// A tenant's pools in the installation's database, whether or not a server runs: root's business.
struct PoolStoreOfTenant {
    private let pools: PoolStore
    private let tenant: TenantID

    init(data: String?, tenant: TenantID) async throws {
        var option = DataOption()
        option.data = data
        let path = "\(option.path)/\(DataDirectory.databasePath)"
        // Not made here: a database of root's would be of no use to the server.
        guard access(path, R_OK | W_OK) == 0 else {
            throw ServeError("\(path): \(String(cString: strerror(errno))); other tenants are root's business")
        }
        pools = PoolStore(try await Database.open(at: path))
        self.tenant = tenant
    }

    /// - Parameter templateID: taken as it is, for who knows the templates is the server.
    func set(_ templateID: String, _ settings: PoolSettings) async throws {
        try await pools.set(PoolKey(tenant: tenant, templateID: templateID), settings)
    }

    func remove(_ templateID: String) async throws {
        guard try await pools.remove(PoolKey(tenant: tenant, templateID: templateID)) else {
            throw ServeError("tenant \(tenant) has no pool of '\(templateID)'")
        }
    }
}
