import Isolation
import SpawnerProtocol

extension BackendError {
    static let processBackend = "process"

    /// What the spawner could not do, in the words of backends.
    init(_ failure: SpawnFailure) {
        let code: Code =
            switch failure.code {
            case .refused: .refused
            case .notFound: .notFound
            case .exhausted: .exhausted
            case .exists, .kernel: .failed
            }
        self.init(code, backend: Self.processBackend, step: failure.step, cause: failure.message)
    }

    static func unavailable(_ step: String, _ cause: String) -> BackendError {
        BackendError(
            .unavailable, backend: processBackend, step: step, cause: cause,
            hint: "the spawner is being started again; try again soon")
    }

    static func unexpected(_ step: String, _ content: SpawnerAnswer.Content) -> BackendError {
        BackendError(.failed, backend: processBackend, step: step, cause: "the spawner answered \(content)")
    }
}
