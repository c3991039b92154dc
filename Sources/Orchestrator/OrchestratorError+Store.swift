import Isolation
import Persistence
import SandboxModel

extension OrchestratorError {
    init(_ error: StoreError) {
        self =
            switch error {
            case .full(let limit): .noCapacity(limit: limit)
            case .idempotencyConflict(let key): .idempotencyConflict(key)
            case .stale(let id): .notFound(id)
            case .refused(let error): .refused(error)
            case .malformedRow, .failed: .store(error.description)
            }
    }

    /// Runs what talks to the store.
    static func storing<Value>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(OrchestratorError) -> Value {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw OrchestratorError(error)
        }
    }

    /// Runs what talks to the backend about one sandbox; one that it does not have is not found.
    static func asking<Value>(
        about id: SandboxID, _ body: () async throws(BackendError) -> Value
    ) async throws(OrchestratorError) -> Value {
        do throws(BackendError) {
            return try await body()
        } catch {
            throw error.code == .notFound ? .notFound(id) : .backend(error)
        }
    }
}
