import KernelProtocol

/// Code and the variables that are set while it runs, within the limits.
public struct ExecutableCode: Sendable {
    let request: [UInt8]

    /// - Throws: `requestTooLong`.
    public init(_ code: String, environment: [String: String]) throws(InterpreterError) {
        guard let request = KernelRequest.execute(code: code, environment: environment).frame else {
            throw .requestTooLong(limit: KernelLimits.requestBytes)
        }
        self.request = request
    }
}
