import SandboxModel

/// Under which name a request may come twice and be carried out once.
enum IdempotencyKey {
    static let lengthRange = 1...255

    static func check(_ key: String) throws(SpecError) {
        let isWellFormed =
            lengthRange.contains(key.utf8.count)
            && key.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
        guard isWellFormed else {
            throw .malformed(field: "Idempotency-Key", value: key, allowed: "1...255 characters of [a-z0-9-]")
        }
    }
}
