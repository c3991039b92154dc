import SandboxModel
import Testing

@Suite struct SandboxSpecTests {
    static func spec(
        seconds: Int = 300, metadata: [String: String] = [:], environment: [String: String] = [:]
    ) throws(SpecError) -> SandboxSpec {
        let limits = try ResourceLimits(cpuCount: 1, memoryMiB: 512, diskMiB: 1024, inodes: 65_536)
        let template = Template(
            id: "base", aliases: ["base"], layers: [], user: "user", workingDirectory: nil, environment: [:],
            noNewPrivileges: false, limits: limits)
        return try SandboxSpec(
            template: template, timeToLiveSeconds: seconds, metadata: metadata, environment: environment)
    }

    static func pairs(_ count: Int) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("k\($0)", "v") })
    }

    @Test(arguments: [1, 300, 86_400]) func `a life of a second to a day is allowed`(seconds: Int) throws {
        #expect(try Self.spec(seconds: seconds).timeToLive == .seconds(seconds))
    }

    @Test(arguments: [0, -1, 86_401, .min, .max]) func `any other life is refused by name`(seconds: Int) {
        #expect(throws: SpecError.outOfRange(field: "timeout", value: seconds, allowed: 1...86_400)) {
            try Self.spec(seconds: seconds)
        }
    }

    @Test func `as many pairs as allowed are taken, one more is refused`() throws {
        #expect(try Self.spec(metadata: Self.pairs(64)).metadata.count == 64)
        #expect(try Self.spec(environment: Self.pairs(1024)).environment.count == 1024)
        #expect(throws: SpecError.tooLong(field: "metadata", length: 65, limit: 64)) {
            try Self.spec(metadata: Self.pairs(65))
        }
        #expect(throws: SpecError.tooLong(field: "envVars", length: 1025, limit: 1024)) {
            try Self.spec(environment: Self.pairs(1025))
        }
    }

    @Test func `a text may have so many bytes and no more`() throws {
        let most = String(repeating: "x", count: SandboxSpec.textLimit)
        #expect(try Self.spec(metadata: ["a": most], environment: ["a": most]).metadata == ["a": most])
        let length = most.utf8.count + 1
        #expect(throws: SpecError.tooLong(field: "metadata", length: length, limit: most.utf8.count)) {
            try Self.spec(metadata: [most + "x": "a"])
        }
        #expect(throws: SpecError.tooLong(field: "envVars", length: length, limit: most.utf8.count)) {
            try Self.spec(environment: ["a": most + "x"])
        }
    }

    @Test(arguments: [("a\0", "b"), ("a", "b\0")]) func `NUL is refused`(name: String, value: String) throws {
        let inMetadata = #expect(throws: SpecError.self) { try Self.spec(metadata: [name: value]) }
        let inEnvironment = #expect(throws: SpecError.self) { try Self.spec(environment: [name: value]) }
        #expect(inMetadata?.field == "metadata")
        #expect(inEnvironment?.field == "envVars")
    }

    @Test(arguments: ["", "=", "a=b"]) func `a variable's name that is none is refused`(name: String) {
        let allowed = "a variable's name: not empty, no '='"
        #expect(throws: SpecError.malformed(field: "envVars", value: name, allowed: allowed)) {
            try Self.spec(environment: [name: "x"])
        }
    }
}
