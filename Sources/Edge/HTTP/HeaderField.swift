import NIOHTTP1

/// What a header's name and value may be made of, RFC 9110 section 5.
enum HeaderField {
    /// A token.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(isTokenByte)
    }

    /// No control character but the tab. Above all no CR, LF or NUL.
    static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
    }

    static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7a).contains(byte | 0x20)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

extension HTTPVersion {
    /// HTTP/1.1 or HTTP/2: chunks, persistent connections and Host are a matter of course.
    var isModern: Bool {
        (major, minor) >= (1, 1)
    }
}
