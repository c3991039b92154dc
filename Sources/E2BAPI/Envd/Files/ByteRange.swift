/// One range of bytes of a `Range` header, RFC 9110 section 14.
enum ByteRange: Hashable {
    /// From the first to the last byte, which may be beyond the end; nil for the end.
    case from(UInt64, through: UInt64?)
    case suffix(UInt64)

    /// - Returns: nil for a header that is malformed, of another unit, or of several ranges: such a header is ignored,
    ///   as the standard allows, and the whole file sent.
    init?(_ header: String) {
        guard header.lowercased().hasPrefix("bytes=") else { return nil }
        let range = header.dropFirst("bytes=".count).filter { $0 != " " && $0 != "\t" }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, !range.contains(",") else { return nil }
        switch (Self.decimal(ends[0]), Self.decimal(ends[1])) {
        case (nil, let length?) where ends[0].isEmpty: self = .suffix(length)
        case (let first?, nil) where ends[1].isEmpty: self = .from(first, through: nil)
        case (let first?, let last?) where first <= last: self = .from(first, through: last)
        default: return nil
        }
    }

    /// What the range is of a file of `size` bytes.
    /// - Returns: nil if there is nothing of it in the file: 416.
    func resolved(in size: UInt64) -> Range<UInt64>? {
        switch self {
        case .from(let first, let last):
            guard first < size else { return nil }
            return first..<min(size, last.map { $0 == .max ? $0 : $0 + 1 } ?? size)
        case .suffix(let length):
            guard length > 0, size > 0 else { return nil }
            return size - min(length, size)..<size
        }
    }

    private static func decimal(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(text) : nil
    }
}
