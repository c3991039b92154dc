import Glibc

/// Why `nestbox serve` cannot go on: a sentence for whoever typed it.
struct ServeError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ call: String, _ subject: String, errno: Int32) {
        self.init("\(call) \(subject): \(String(cString: strerror(errno)))")
    }

    /// Runs a system call that answers -1 on failure, again if a signal interrupted it.
    @discardableResult
    static func check<Result: SignedInteger>(
        _ call: String, _ subject: String, _ body: () -> Result
    ) throws(ServeError) -> Result {
        while true {
            let result = body()
            if result >= 0 { return result }
            if errno != EINTR { throw ServeError(call, subject, errno: errno) }
        }
    }
}
