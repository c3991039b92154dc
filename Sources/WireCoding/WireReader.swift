/// Takes one payload apart, trusting nothing: every length is checked against what is left and against `WireLimits`.
public struct WireReader {
    private let bytes: [UInt8]
    private var position = 0

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var remaining: Int { bytes.count - position }

    public mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(WireError) -> Value {
        let size = Value.bitWidth / 8
        guard remaining >= size else { throw .truncated }
        var value: Value = 0
        for index in (0..<size).reversed() {
            value = Value(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) << 8)
                | Value(truncatingIfNeeded: bytes[position + index])
        }
        position += size
        return value
    }

    public mutating func boolean() throws(WireError) -> Bool {
        switch try integer(UInt8.self) {
        case 0: false
        case 1: true
        case let other: throw .unknownTag(other)
        }
    }

    public mutating func blob(limit: Int = WireLimits.payloadBytes) throws(WireError) -> [UInt8] {
        let length = Int(try integer(UInt32.self))
        guard length <= limit else { throw .tooLong(length: length, limit: limit) }
        guard remaining >= length else { throw .truncated }
        defer { position += length }
        return Array(bytes[position..<position + length])
    }

    public mutating func text(limit: Int = WireLimits.payloadBytes) throws(WireError) -> String {
        guard let text = String(validating: try blob(limit: limit), as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    public mutating func list<Element>(
        limit: Int = WireLimits.listCount, _ each: (inout WireReader) throws(WireError) -> Element
    ) throws(WireError) -> [Element] {
        let count = Int(try integer(UInt32.self))
        guard count <= limit else { throw .tooLong(length: count, limit: limit) }
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try each(&self)) }
        return elements
    }

    public mutating func optional<Wrapped>(
        _ each: (inout WireReader) throws(WireError) -> Wrapped
    ) throws(WireError) -> Wrapped? {
        try boolean() ? try each(&self) : nil
    }

    /// To be called last: a payload with bytes left over was not written by an honest peer.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .trailingBytes(remaining) }
    }
}
