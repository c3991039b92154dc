import LinuxSystem
import SpawnerProtocol

extension SpawnFailure {
    /// A field that says what is not allowed.
    static func refusing(_ field: String, _ value: some CustomStringConvertible, allowed: String) -> SpawnFailure {
        SpawnFailure(.refused, step: field, message: "\(field) is \(value); allowed: \(allowed)")
    }

    init(_ error: SyscallError, step: String) {
        self.init(.kernel, step: step, errorNumber: error.number, message: error.description)
    }

    init(_ failure: BoxFailure) {
        self.init(.kernel, step: failure.step, errorNumber: failure.number, message: failure.description)
    }
}

/// Runs `body`, naming `step` in what it throws.
func step<Result: ~Copyable>(
    _ step: String, _ body: () throws(SyscallError) -> Result
) throws(SpawnFailure) -> Result {
    do { return try body() } catch { throw SpawnFailure(error, step: step) }
}

/// Runs `body`, which names its own steps.
func box<Result: ~Copyable>(_ body: () throws(BoxFailure) -> Result) throws(SpawnFailure) -> Result {
    do { return try body() } catch { throw SpawnFailure(error) }
}
