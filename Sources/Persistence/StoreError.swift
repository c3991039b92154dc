import SandboxModel

/// Why the store did not do what was asked.
public enum StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// As many sandboxes as allowed are alive.
    case full(limit: Int)
    /// The key belongs to another request, or to one that is still under way.
    case idempotencyConflict(key: String)
    /// The row is not there, is over, or was changed since it was read.
    case stale(SandboxID)
    case refused(SpecError)
    /// A row holds what no version of Nestbox writes.
    case malformedRow(table: String, column: String)
    /// SQLite's own words; for the log.
    case failed(String)

    public var description: String {
        switch self {
        case .full(let limit): "all \(limit) places are taken"
        case .idempotencyConflict(let key): "the idempotency key '\(key)' belongs to another request"
        case .stale(let id): "sandbox \(id) was changed or ended meanwhile"
        case .refused(let error): error.description
        case .malformedRow(let table, let column): "a row of \(table) has a malformed \(column)"
        case .failed(let text): text
        }
    }

    /// Runs `body`; whatever SQLite throws becomes `failed`.
    static func translating<Value: Sendable>(
        _ body: () async throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await body()
        } catch let error as StoreError {
            throw error
        } catch let error as SpecError {
            throw .refused(error)
        } catch {
            throw .failed(String(describing: error))
        }
    }
}
