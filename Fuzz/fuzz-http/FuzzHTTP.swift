/// What strangers send over HTTP. The first byte says which parser reads the rest: `a` is the first of the list, so
/// that the seeds are text. Whatever the bytes, a parser answers a value or an error of its own kind; what has a
/// written form comes back from it as it was.
private let parsers: [@Sendable ([UInt8]) -> Void] = [
    fuzzEnvelopes,  // a
    fuzzMessages,  // b
    fuzzBodies,  // c
    fuzzMultipart,  // d
    fuzzContentType,  // e
    fuzzGzip,  // f
    fuzzRange,  // g
    fuzzTarget,  // h
    fuzzMetadata,  // i
    fuzzRoute,  // j
    fuzzHead,  // k
    fuzzFirstBytes,  // l
    fuzzTime,  // m
    fuzzTemplate,  // n
]

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    guard let first = bytes.first else { return 0 }
    parsers[Int(first &- UInt8(ascii: "a")) % parsers.count](Array(bytes.dropFirst()))
    return 0
}

/// As NIO makes text of what comes over the wire.
func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
}

/// All of it percent-encoded but letters and digits.
func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
        return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}

