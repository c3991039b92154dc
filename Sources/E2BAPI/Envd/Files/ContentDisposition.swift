/// The `Content-Disposition` of a file that is served, RFC 6266.
enum ContentDisposition {
    static func inline(_ name: String) -> String {
        if !name.isEmpty, name.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) {
            let quoted = name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
            return "inline; filename=\"\(String(quoted))\""
        }
        return "inline; filename*=utf-8''\(percentEncoded(name))"
    }

    /// All but the characters of RFC 5987's `attr-char`.
    private static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: encoded.append(byte)
            case _ where "!#$&+-.^_`|~".utf8.contains(byte): encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
