import ServiceLifecycle

/// Something that runs until it is cancelled, ended by a graceful shutdown. In logs it is its name.
struct NamedService: Service, CustomStringConvertible {
    let description: String
    private let atShutdown: @Sendable () async -> Void
    private let body: @Sendable () async throws -> Void

    /// - Parameter atShutdown: runs to its end before `body` is cancelled.
    init(
        _ name: String, atShutdown: @Sendable @escaping () async -> Void = {},
        _ body: @Sendable @escaping () async throws -> Void
    ) {
        description = name
        self.atShutdown = atShutdown
        self.body = body
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                // Thrown only when the body has ended first, or all is being cancelled.
                guard (try? await gracefulShutdown()) != nil else { return }
                await atShutdown()
            }
            // Whichever ends first ends the other; that the body was cancelled then is no failure.
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
