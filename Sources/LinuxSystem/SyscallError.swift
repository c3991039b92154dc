import Glibc

/// A system call that the kernel refused: which, on what, and why.
public struct SyscallError: Error, Hashable, Sendable, CustomStringConvertible {
    public let call: String
    public let path: String?
    public let number: Int32

    public init(_ call: String, path: String? = nil, number: Int32 = errno) {
        self.call = call
        self.path = path
        self.number = number
    }

    public var description: String {
        "\(call)\(path.map { " \($0)" } ?? ""): \(String(cString: strerror(number)))"
    }
}

/// Runs a system call that answers -1 on failure, again if a signal interrupted it.
/// - Returns: what the call answered, never negative.
@discardableResult
public func check<Result: SignedInteger>(
    _ call: String, path: String? = nil, _ body: () -> Result
) throws(SyscallError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        if errno != EINTR { throw SyscallError(call, path: path) }
    }
}
