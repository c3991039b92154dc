/// A value with exactly one byte form.
public protocol WireValue: Sendable {
    func encode(into writer: inout WireWriter)
    init(from reader: inout WireReader) throws(WireError)
}

extension WireValue {
    public var wireBytes: [UInt8] {
        var writer = WireWriter()
        encode(into: &writer)
        return writer.bytes
    }

    /// - Throws: `WireError` if the bytes are not exactly one value of this type.
    public init(wireBytes: [UInt8]) throws(WireError) {
        var reader = WireReader(wireBytes)
        self = try Self(from: &reader)
        try reader.finish()
    }
}

/// A name with its value: an environment variable, an extended attribute, a label.
public struct WirePair: WireValue, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(name)
        writer.write(value)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        name = try reader.text()
        value = try reader.text()
    }
}

extension WireWriter {
    public mutating func write<Value: WireValue>(values: [Value]) {
        write(list: values) { $1.encode(into: &$0) }
    }

    public mutating func write(texts: [String]) {
        write(list: texts) { $0.write($1) }
    }

    public mutating func write(optionalText text: String?) {
        write(optional: text) { $0.write($1) }
    }
}

extension WireReader {
    public mutating func values<Value: WireValue>(_: Value.Type = Value.self) throws(WireError) -> [Value] {
        try list { (reader) throws(WireError) in try Value(from: &reader) }
    }

    public mutating func texts() throws(WireError) -> [String] {
        try list { (reader) throws(WireError) in try reader.text() }
    }

    public mutating func optionalText() throws(WireError) -> String? {
        try optional { (reader) throws(WireError) in try reader.text() }
    }
}
