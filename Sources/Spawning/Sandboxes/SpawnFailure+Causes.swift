import Glibc
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

    /// A landing that a zygote says was refused at this step.
    init(landing step: String, errorNumber: Int32) {
        let cause = errorNumber > 0 ? String(cString: strerror(errorNumber)) : "no cause is known"
        self.init(.kernel, step: step, errorNumber: errorNumber, message: "\(step): \(cause)")
    }

    /// There is no zygote for it, or no longer.
    static func noZygote(_ message: String) -> SpawnFailure {
        SpawnFailure(.notFound, step: "zygote", message: message)
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
