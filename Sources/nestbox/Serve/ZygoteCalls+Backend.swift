import Interpreter
import Isolation

extension ZygoteCalls {
    /// The keeper's wishes, put to the backend.
    init(_ backend: any IsolationBackend) {
        self.init(
            start: { template, tenant throws(BackendError) in
                try await backend.startZygote(template, tenant: tenant)
            },
            end: { templateID, tenant throws(BackendError) in
                try await backend.endZygote(templateID, tenant: tenant)
            },
            land: { id, words throws(BackendError) in try await backend.land(in: id, payload: words) })
    }
}
