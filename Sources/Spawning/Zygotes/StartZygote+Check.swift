import SpawnerProtocol

extension SpawnRules {
    /// All environment variables of a zygote together, in bytes.
    public static let environmentBytesLimit = 32 << 10
}

extension StartZygote {
    /// - Throws: `refused` with the field's name as the step, and the value and what is allowed in the message.
    public func check() throws(SpawnFailure) {
        try SpawnRules.check(family: family)
        try SpawnRules.check(templateID: templateID)
        try SpawnRules.check(layers: layers)
        try checkProgram()
        try checkEnvironment()
        try limits.check()
    }

    private func checkProgram() throws(SpawnFailure) {
        guard Self.argumentCountRange.contains(arguments.count) else {
            throw .refusing("arguments", "\(arguments.count) of them", allowed: "1 to 64")
        }
        for argument in arguments {
            guard argument.utf8.count <= Self.argumentLengthLimit, !argument.utf8.contains(0) else {
                throw .refusing("arguments", argument, allowed: "at most 4096 bytes, none of them 0")
            }
        }
        guard arguments[0].hasPrefix("/") else {
            throw .refusing("arguments", arguments[0], allowed: "the absolute path of a program first")
        }
    }

    private func checkEnvironment() throws(SpawnFailure) {
        guard environment.count <= Self.environmentCountLimit else {
            throw .refusing("environment", "\(environment.count) variables", allowed: "at most 256")
        }
        for pair in environment {
            guard !pair.name.isEmpty, !pair.name.utf8.contains(where: { $0 == 0 || $0 == 0x3d }) else {
                throw .refusing("environment", pair.name, allowed: "names without = and NUL")
            }
            guard !pair.value.utf8.contains(0) else {
                throw .refusing("environment", pair.value, allowed: "values without NUL")
            }
        }
        let bytes = environment.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 }
        guard bytes <= SpawnRules.environmentBytesLimit else {
            throw .refusing("environment", "\(bytes) bytes", allowed: "at most \(SpawnRules.environmentBytesLimit)")
        }
    }
}
