/// Builds one payload: integers little-endian, texts and blobs behind a `u32` length, lists behind a `u32` count.
public struct WireWriter {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    public mutating func write(_ value: String) {
        write(UInt32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    public mutating func write(_ value: [UInt8]) {
        write(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func write<Element>(list: [Element], _ each: (inout WireWriter, Element) -> Void) {
        write(UInt32(list.count))
        for element in list { each(&self, element) }
    }

    public mutating func write<Wrapped>(optional: Wrapped?, _ each: (inout WireWriter, Wrapped) -> Void) {
        write(optional != nil)
        if let optional { each(&self, optional) }
    }
}
