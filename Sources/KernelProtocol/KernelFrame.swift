/// What one side says at once: `u32 payload length | u8 kind | payload`, little-endian.
public enum KernelFrame {
    public static let headerBytes = 5

    public static func bytes(kind: UInt8, payload: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headerBytes + payload.count)
        withUnsafeBytes(of: UInt32(payload.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(kind)
        bytes.append(contentsOf: payload)
        return bytes
    }
}
