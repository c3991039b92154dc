import Glibc

/// An address that cannot be listened on, bind(2).
public struct ListenError: Error, Hashable, CustomStringConvertible {
    public let host: String
    public let port: Int
    public let errorNumber: Int32

    public var description: String {
        let reason = "cannot listen on \(host):\(port): \(String(cString: strerror(errorNumber)))"
        return errorNumber == EADDRINUSE ? reason + " (another port, or port 0 for a free one, may be named)" : reason
    }
}
