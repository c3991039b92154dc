import SpawnerProtocol

/// What the spawner allows in requests to create and to start, whatever the server has let pass.
public enum SpawnRules {
    public static let layerCountRange = 1...32
    public static let digestLength = 64
    public static let familyLengthRange = 1...128
    public static let templateLengthRange = 1...128
    public static let memoryBytesRange: ClosedRange<UInt64> = (16 << 20)...(1 << 40)
    public static let cpuMilliRange: ClosedRange<UInt32> = 10...128_000
    public static let processesRange: ClosedRange<UInt32> = 8...32_768
    public static let openFilesRange: ClosedRange<UInt32> = 64...1_048_576
    public static let diskBytesRange: ClosedRange<UInt64> = (16 << 20)...(1 << 40)
    public static let diskInodesRange: ClosedRange<UInt64> = 1024...(1 << 28)
    /// Most sandboxes alive at once, of all families.
    public static let sandboxCountLimit = 4096

    public static func isDigest(_ text: String) -> Bool {
        text.utf8.count == digestLength
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Texts that are only ever shown or compared: no control characters.
    public static func isPlain(_ text: String, _ lengthRange: ClosedRange<Int>) -> Bool {
        lengthRange.contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }

    static func check(family: String) throws(SpawnFailure) {
        guard isPlain(family, familyLengthRange) else {
            throw .refusing("family", family, allowed: "1 to 128 printable ASCII characters")
        }
    }

    static func check(templateID: String) throws(SpawnFailure) {
        guard isPlain(templateID, templateLengthRange) else {
            throw .refusing("templateID", templateID, allowed: "1 to 128 printable ASCII characters")
        }
    }

    static func check(layers: [String]) throws(SpawnFailure) {
        guard layerCountRange.contains(layers.count) else {
            throw .refusing("layers", "\(layers.count) of them", allowed: "1 to 32")
        }
        for layer in layers where !isDigest(layer) {
            throw .refusing("layers", layer, allowed: "64 hexadecimal digits")
        }
        guard Set(layers).count == layers.count else {
            throw .refusing("layers", "the same layer twice", allowed: "each once")
        }
    }
}

extension CreateSandbox {
    /// - Throws: `refused` with the field's name as the step, and the value and what is allowed in the message.
    public func check() throws(SpawnFailure) {
        try checkNames()
        try SpawnRules.check(layers: layers)
        try limits.check()
        guard deadlineMilliseconds > 0 else {
            throw .refusing("deadlineMilliseconds", deadlineMilliseconds, allowed: "a time after 1970")
        }
    }

    private func checkNames() throws(SpawnFailure) {
        guard SandboxName.isValid(sandboxID) else {
            throw .refusing("sandboxID", sandboxID, allowed: SandboxName.rule)
        }
        guard SandboxName.isValid(hostname) else { throw .refusing("hostname", hostname, allowed: SandboxName.rule) }
        try SpawnRules.check(family: family)
        try SpawnRules.check(templateID: templateID)
    }
}

extension SpawnLimits {
    func check() throws(SpawnFailure) {
        try Self.check("memoryBytes", memoryBytes, SpawnRules.memoryBytesRange)
        try Self.check("cpuMilli", cpuMilli, SpawnRules.cpuMilliRange)
        try Self.check("processes", processes, SpawnRules.processesRange)
        try Self.check("openFiles", openFiles, SpawnRules.openFilesRange)
        try Self.check("diskBytes", diskBytes, SpawnRules.diskBytesRange)
        try Self.check("diskInodes", diskInodes, SpawnRules.diskInodesRange)
    }

    private static func check<Value: FixedWidthInteger>(
        _ field: String, _ value: Value, _ range: ClosedRange<Value>
    ) throws(SpawnFailure) {
        guard range.contains(value) else {
            throw .refusing(field, value, allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
    }
}
