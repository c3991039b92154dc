import NIOCore

/// Base64, RFC 4648. Written by hand: what a process prints passes through it, and it has to be cheap.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Two characters for each value of 12 bits, in the order of memory.
    private static let pairs: [UInt16] = (0..<4096).map { value in
        UInt16(littleEndian: UInt16(alphabet[value & 63]) << 8 | UInt16(alphabet[value >> 6]))
    }

    /// The value of each character, of both alphabets; 0xff for what is in neither.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    static func encodedBytes(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Appends the standard form of `bytes`, padded.
    static func write(_ bytes: ByteBuffer, into buffer: inout ByteBuffer) {
        let length = encodedBytes(bytes.readableBytes)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
            bytes.withUnsafeReadableBytes { input in encode(input, into: output) }
            return length
        }
    }

    private static func encode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        pairs.withUnsafeBufferPointer { pairs in
            let whole = input.count / 3 * 3
            var target = 0
            for start in stride(from: 0, to: whole, by: 3) {
                let value = Int(input[start]) << 16 | Int(input[start + 1]) << 8 | Int(input[start + 2])
                output.storeBytes(of: pairs[value >> 12], toByteOffset: target, as: UInt16.self)
                output.storeBytes(of: pairs[value & 0xfff], toByteOffset: target + 2, as: UInt16.self)
                target += 4
            }
            guard whole < input.count else { return }
            let hasTwo = input.count - whole == 2
            let value = Int(input[whole]) << 16 | (hasTwo ? Int(input[whole + 1]) << 8 : 0)
            output.storeBytes(of: pairs[value >> 12], toByteOffset: target, as: UInt16.self)
            output[target + 2] = hasTwo ? alphabet[value >> 6 & 63] : UInt8(ascii: "=")
            output[target + 3] = UInt8(ascii: "=")
        }
    }

    /// Decodes the standard or the URL-safe alphabet, padded or not, as proto3's JSON allows.
    /// - Returns: nil for anything else.
    static func decode(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        let length = text.count
        let padding = text.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
        let digits = length - padding
        guard padding == 0 || length % 4 == 0, digits % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits / 4 * 3 + 2)
        var pending: UInt32 = 0
        var bits = 0
        for character in text.prefix(digits) {
            let value = values[Int(character)]
            guard value != 0xff else { return nil }
            pending = pending << 6 | UInt32(value)
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: pending >> UInt32(bits)))
        }
        return bytes
    }
}
