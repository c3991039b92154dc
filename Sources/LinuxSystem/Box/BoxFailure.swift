import CLinux
import Glibc

/// The step in the making of a box that the kernel refused, and why.
public struct BoxFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let step: String
    public let number: Int32

    public init(step: String, number: Int32) {
        self.step = step
        self.number = number
    }

    public init(_ failure: nb_failure) {
        number = failure.error_number
        step = withUnsafeBytes(of: failure.step) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    public var description: String { "\(step): \(String(cString: strerror(number)))" }
}
