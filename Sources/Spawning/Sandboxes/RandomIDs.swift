import Glibc

/// Random names as Linux writes them, from the kernel's generator.
enum RandomID {
    /// 32 hexadecimal digits, as in `/etc/machine-id`.
    static func machineID() -> String {
        var generator = SystemRandomNumberGenerator()
        return hexadecimal(generator.next(), digits: 16) + hexadecimal(generator.next(), digits: 16)
    }

    /// A version 4 UUID, as in `/proc/sys/kernel/random/boot_id`.
    static func uuid() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xf000 | 0x4000
        let low = generator.next() & ~(3 << 62) | 1 << 63
        let digits = Array(hexadecimal(high, digits: 16) + hexadecimal(low, digits: 16))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
