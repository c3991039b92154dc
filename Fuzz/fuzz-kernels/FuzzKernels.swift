import KernelProtocol

/// Whatever a kernel sends, the decoder answers messages or a `KernelProtocolError`; and what it lets through to clients
/// stands on one line. The input is a stream: its first byte says into how large pieces the rest is cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKernels(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let step = Int(first) + 1
    var decoder = KernelMessageDecoder()
    var position = 1
    while position < bytes.count {
        let end = min(position + step, bytes.count)
        decoder.append(bytes[position..<end])
        position = end
        do {
            while let message = try decoder.next() { check(message) }
        } catch {
            return 0
        }
    }
    return 0
}

private func check(_ message: KernelMessage) {
    switch message {
    case .result(let result): for form in result.forms { check(form.value) }
    case .error(let error): for text in [error.name, error.value, error.traceback] { check(text) }
    case .hello, .count, .output, .badResult, .dropped, .end: break
    }
}

private func check(_ json: OneLineJSON) {
    guard let line = String(validating: json.bytes, as: UTF8.self) else { preconditionFailure("a value is UTF-8") }
    precondition(!line.contains(where: \.isNewline), "a value stands on one line")
    precondition(!json.bytes.contains { $0 < 0x20 }, "a value has no control characters")
    if let text = json.text {
        precondition(OneLineJSON(text: text).text == text, "a text says the same after it was written and read")
        _ = json.withoutOuterQuotes
    }
}
