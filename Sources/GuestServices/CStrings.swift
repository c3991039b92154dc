import Glibc

/// Runs `body` with `texts` as C has them: an array of pointers ended by NULL, valid only meanwhile. The texts hold no
/// NUL bytes.
func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("never empty: NULL was appended") }
        return body(base)
    }
}
