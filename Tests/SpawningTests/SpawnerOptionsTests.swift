import Testing

@testable import Spawning

@Suite struct SpawnerOptionsTests {
    static let complete = [
        "--socket-dir", "/run/nestbox", "--data", "/var/lib/nestbox", "--layers", "/a", "--layers", "/b",
        "--guest", "/usr/bin/nestbox-guest", "--uid", "1000", "--gid", "1001", "--instance", "main",
    ]

    @Test func `a complete command line is understood`() throws {
        let options = try SpawnerOptions(arguments: Self.complete + ["--log-fd", "5", "--daemonize"])
        #expect(options.layerDirectories == ["/a", "/b"])
        #expect(options.ownerID == 1000 && options.ownerGroupID == 1001)
        #expect(options.logDescriptor == 5 && options.becomesDaemon)
        #expect(options.socketName == "spawner.sock")
    }

    @Test(arguments: ["--socket-dir", "--data", "--guest", "--uid", "--gid", "--instance"])
    func `what is missing is named`(name: String) throws {
        let index = try #require(Self.complete.firstIndex(of: name))
        var arguments = Self.complete
        arguments.removeSubrange(index...index + 1)
        let refusal = try #require(throws: SpawnerOptions.Refusal.self) { try SpawnerOptions(arguments: arguments) }
        #expect(refusal.description.hasPrefix("\(name) is missing"))
    }

    @Test(arguments: [
        ["--uid", "-1"], ["--uid", "root"], ["--gid", "4294967296"], ["--instance", "a/b"], ["--instance", ""],
        ["--socket", "a/b"], ["--socket", ".."], ["--log-fd", "x"], ["--verbose"], ["--data"],
    ])
    func `what makes no sense is refused`(replacement: [String]) {
        var arguments = Self.complete
        if let index = arguments.firstIndex(of: replacement[0]) { arguments.removeSubrange(index...index + 1) }
        #expect(throws: SpawnerOptions.Refusal.self) { try SpawnerOptions(arguments: arguments + replacement) }
    }

    @Test func `an option given twice is refused`() {
        #expect(throws: SpawnerOptions.Refusal.self) {
            try SpawnerOptions(arguments: Self.complete + ["--data", "/elsewhere"])
        }
    }
}
