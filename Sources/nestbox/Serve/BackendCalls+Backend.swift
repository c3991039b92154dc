import Interpreter
import Isolation

extension BackendCalls {
    /// The interpreter's wishes, put to the backend.
    init(_ backend: any IsolationBackend) {
        self.init(
            isThere: { id in
                do throws(BackendError) {
                    _ = try await backend.usage(id)
                    return true
                } catch {
                    return error.code != .notFound
                }
            },
            start: { template, tenant throws(BackendError) in
                try await backend.startZygote(template, tenant: tenant)
            },
            end: { templateID, tenant throws(BackendError) in
                try await backend.endZygote(templateID, tenant: tenant)
            },
            land: { id, words throws(BackendError) in try await backend.land(in: id, payload: words) })
    }
}
