/// A path as the kernel knows it: any bytes but NUL. A name inside a sandbox need not be UTF-8; `text` shows it as well
/// as UTF-8 can, all calls use the bytes.
struct SystemPath: Hashable {
    private(set) var bytes: [UInt8]

    private static let slash = UInt8(ascii: "/")

    /// `text` holds no NUL byte.
    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    init(cString: UnsafePointer<CChar>) {
        bytes = []
        var next = cString
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
    }

    /// What is before the first NUL.
    init(terminated bytes: ArraySlice<UInt8>) {
        self.bytes = Array(bytes.prefix { $0 != 0 })
    }

    private init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var isAbsolute: Bool { bytes.first == Self.slash }

    /// The last component; `/` for the root.
    var name: SystemPath {
        let trimmed = trimmedOfSlashes
        guard let index = trimmed.lastIndex(of: Self.slash) else { return SystemPath(bytes: trimmed) }
        return SystemPath(bytes: trimmed.count == 1 ? trimmed[...] : trimmed[(index + 1)...])
    }

    /// All but the last component; `/` for the root and what is right below it.
    var parent: SystemPath {
        let trimmed = trimmedOfSlashes
        guard let index = trimmed.lastIndex(of: Self.slash) else { return SystemPath(".") }
        return SystemPath(bytes: SystemPath(bytes: trimmed[..<index]).trimmedOfSlashes)
    }

    func appending(_ name: SystemPath) -> SystemPath {
        if bytes.isEmpty { return name }
        return SystemPath(bytes: bytes.last == Self.slash ? bytes + name.bytes : bytes + [Self.slash] + name.bytes)
    }

    /// True for what lies below `other`, false for `other` itself.
    func isBelow(_ other: SystemPath) -> Bool {
        if other.bytes.isEmpty { return !bytes.isEmpty }
        return bytes.count > other.bytes.count && bytes.starts(with: other.bytes)
            && bytes[other.bytes.count] == Self.slash
    }

    /// `other` with `former`, at its beginning, replaced by this path.
    func appendingSuffix(of other: SystemPath, after former: SystemPath) -> SystemPath {
        SystemPath(bytes: bytes + other.bytes.dropFirst(former.bytes.count))
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        let terminated = bytes + [0]
        return terminated.withUnsafeBytes { buffer in
            guard let base = buffer.bindMemory(to: CChar.self).baseAddress else {
                preconditionFailure("never empty: NUL was appended")
            }
            return body(base)
        }
    }

    private var trimmedOfSlashes: [UInt8] {
        var trimmed = bytes
        while trimmed.count > 1, trimmed.last == Self.slash { trimmed.removeLast() }
        return trimmed.isEmpty ? [Self.slash] : trimmed
    }
}
