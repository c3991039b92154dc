/// Why bytes from the other side were refused. A peer that causes one is cut off, never answered.
public enum WireError: Error, Hashable, Sendable {
    /// The payload ended before the value did.
    case truncated
    /// Bytes were left over after the last value.
    case trailingBytes(Int)
    /// A length that the named limit does not allow.
    case tooLong(length: Int, limit: Int)
    /// A text that is not UTF-8.
    case notUTF8
    /// A tag, a kind or a Boolean that no version of the protocol has.
    case unknownTag(UInt8)
}
