import SpawnerProtocol
import Testing

@testable import Spawning

@Suite struct CreateSandboxCheckTests {
    @Test func `an honest request passes`() throws {
        try CreateSandbox.example().check()
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let field: String
        let testDescription: String
        let change: @Sendable (inout CreateSandbox) -> Void

        init(_ field: String, _ what: String, _ change: @escaping @Sendable (inout CreateSandbox) -> Void) {
            (self.field, testDescription, self.change) = (field, "\(field): \(what)", change)
        }
    }

    static let refused: [Refused] = [
        Refused("sandboxID", "empty") { $0.sandboxID = "" },
        Refused("sandboxID", "capitals") { $0.sandboxID = "Abc" },
        Refused("sandboxID", "a way up") { $0.sandboxID = "../x" },
        Refused("sandboxID", "a NUL") { $0.sandboxID = "a\0b" },
        Refused("sandboxID", "a dot") { $0.sandboxID = "a.b" },
        Refused("sandboxID", "65 letters") { $0.sandboxID = String(repeating: "a", count: 65) },
        Refused("hostname", "an underscore") { $0.hostname = "a_b" },
        Refused("hostname", "a newline") { $0.hostname = "a\n127.0.0.1 x" },
        Refused("family", "empty") { $0.family = "" },
        Refused("family", "a space") { $0.family = "a b" },
        Refused("templateID", "a newline") { $0.templateID = "base\n" },
        Refused("layers", "none") { $0.layers = [] },
        Refused("layers", "33") { $0.layers = (0..<33).map { CreateSandbox.digest($0) } },
        Refused("layers", "one twice") { $0.layers = [CreateSandbox.digest(1), CreateSandbox.digest(1)] },
        Refused("layers", "capitals") { $0.layers = [CreateSandbox.digest(1).uppercased().replacing("0", with: "F")] },
        Refused("layers", "a path") { $0.layers = ["../../etc/passwd"] },
        Refused("memoryBytes", "too little") { $0.limits.memoryBytes = (16 << 20) - 1 },
        Refused("memoryBytes", "too much") { $0.limits.memoryBytes = .max },
        Refused("cpuMilli", "nothing") { $0.limits.cpuMilli = 0 },
        Refused("cpuMilli", "too much") { $0.limits.cpuMilli = 128_001 },
        Refused("processes", "too few") { $0.limits.processes = 7 },
        Refused("processes", "too many") { $0.limits.processes = .max },
        Refused("openFiles", "too few") { $0.limits.openFiles = 63 },
        Refused("diskBytes", "too little") { $0.limits.diskBytes = 1 << 20 },
        Refused("diskBytes", "too much") { $0.limits.diskBytes = .max },
        Refused("diskInodes", "too few") { $0.limits.diskInodes = 1023 },
        Refused("diskInodes", "too many") { $0.limits.diskInodes = .max },
        Refused("deadlineMilliseconds", "none") { $0.deadlineMilliseconds = 0 },
        Refused("deadlineMilliseconds", "before 1970") { $0.deadlineMilliseconds = -1 },
    ]

    @Test(arguments: refused) func `a field outside its bounds is refused by name`(row: Refused) throws {
        var request = CreateSandbox.example()
        row.change(&request)
        let failure = try #require(throws: SpawnFailure.self) { try request.check() }
        #expect(failure.code == .refused && failure.step == row.field)
        #expect(failure.message.contains("allowed: "))
    }
}

extension CreateSandbox {
    /// 64 hexadecimal digits.
    static func digest(_ number: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 64 - text.count) + text
    }

    static func example(_ id: String = "sandbox-1") -> CreateSandbox {
        CreateSandbox(
            sandboxID: id, templateID: "base", family: "tenant/base", hostname: id, layers: [digest(1)],
            limits: SpawnLimits(
                memoryBytes: 64 << 20, cpuMilli: 1000, processes: 64, openFiles: 1024, diskBytes: 32 << 20,
                diskInodes: 4096),
            noNewPrivileges: true, deadlineMilliseconds: wallMilliseconds() + 600_000)
    }
}
