import SpawnerProtocol
import Testing
import WireCoding

@testable import Spawning

@Suite struct StartZygoteCheckTests {
    @Test func `an honest request passes`() throws {
        try StartZygote.example().check()
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        let field: String
        let testDescription: String
        let change: @Sendable (inout StartZygote) -> Void

        init(_ field: String, _ what: String, _ change: @escaping @Sendable (inout StartZygote) -> Void) {
            (self.field, testDescription, self.change) = (field, "\(field): \(what)", change)
        }
    }

    static let refused: [Refused] = [
        Refused("family", "a space") { $0.family = "a b" },
        Refused("templateID", "empty") { $0.templateID = "" },
        Refused("layers", "none") { $0.layers = [] },
        Refused("layers", "a path") { $0.layers = ["../x"] },
        Refused("arguments", "none") { $0.arguments = [] },
        Refused("arguments", "65") { $0.arguments = .init(repeating: "/a", count: 65) },
        Refused("arguments", "a relative path") { $0.arguments = ["a"] },
        Refused("arguments", "a NUL") { $0.arguments = ["/a", "b\0c"] },
        Refused("arguments", "4097 bytes") { $0.arguments = ["/" + String(repeating: "a", count: 4096)] },
        Refused("environment", "257 variables") {
            $0.environment = .init(repeating: WirePair(name: "A", value: ""), count: 257)
        },
        Refused("environment", "a name with =") { $0.environment = [WirePair(name: "A=", value: "")] },
        Refused("environment", "no name") { $0.environment = [WirePair(name: "", value: "x")] },
        Refused("environment", "a NUL") { $0.environment = [WirePair(name: "A", value: "\0")] },
        Refused("environment", "33 KiB") {
            $0.environment = [WirePair(name: "A", value: String(repeating: "x", count: 33 << 10))]
        },
        Refused("memoryBytes", "too little") { $0.limits.memoryBytes = 1 },
        Refused("processes", "too few") { $0.limits.processes = 1 },
    ]

    @Test(arguments: refused) func `a field outside its bounds is refused by name`(row: Refused) throws {
        var request = StartZygote.example()
        row.change(&request)
        let failure = try #require(throws: SpawnFailure.self) { try request.check() }
        #expect(failure.code == .refused && failure.step == row.field)
        #expect(failure.message.contains("allowed: "))
    }
}

extension StartZygote {
    static func example() -> StartZygote {
        let sandbox = CreateSandbox.example()
        return StartZygote(
            family: sandbox.family, templateID: sandbox.templateID, layers: sandbox.layers, arguments: ["/zygote"],
            environment: [WirePair(name: "LANG", value: "C.UTF-8")], limits: sandbox.limits, noNewPrivileges: true)
    }
}
