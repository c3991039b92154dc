import Testing

@Suite struct ImportDirectionTests {
    /// Lowest first. A target may import what stands on a lower floor, never its own floor or one above.
    static let floors: [[String]] = [
        ["CLinux", "CZlib"],
        ["LinuxSystem", "WireCoding", "SandboxModel", "HTTPExchange"],
        [
            "GuestProtocol", "SpawnerProtocol", "KernelProtocol", "Isolation", "Layers", "Persistence", "HostProbes",
            "APIClient",
        ],
        ["GuestServices", "Spawning", "DirectRun", "GuestClient", "Auth", "IsolationBackends"],
        ["Orchestrator"],
        ["Interpreter"],
        ["E2BAPI"],
        ["Edge"],
        ["nestbox", "nestbox-spawner", "nestbox-guest", "nestbox-run"],
    ]

    /// Programs that must start in a millisecond and stand alone: nothing but the C library in them.
    static let bareTargets: Set<String> = [
        "CLinux", "LinuxSystem", "WireCoding", "GuestProtocol", "SpawnerProtocol", "GuestServices", "Spawning",
        "HostProbes", "DirectRun", "nestbox-spawner", "nestbox-guest", "nestbox-run",
    ]

    static func floor(of target: String) -> Int? {
        floors.firstIndex { $0.contains(target) }
    }

    static func imports(of file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            guard let first = words.first, ["import", "public", "package", "internal"].contains(String(first)),
                let keyword = words.firstIndex(of: "import"), keyword + 1 < words.count
            else { return nil }
            return words[keyword + 1].split(separator: ".").first.map(String.init)
        }
    }

    @Test func `every target has a floor`() throws {
        let targets = Set(try SourceTree().files(under: "Sources", extensions: ["swift", "c"]).map(\.target))
        #expect(targets.filter { Self.floor(of: $0) == nil } == [])
    }

    @Test func `imports point down`() throws {
        var offences: [String] = []
        for file in try SourceTree().files(under: "Sources", extensions: ["swift"]) {
            guard let own = Self.floor(of: file.target) else { continue }
            for imported in Self.imports(of: file) {
                if let other = Self.floor(of: imported), other >= own, imported != file.target {
                    offences.append("\(file.path) imports \(imported)")
                }
            }
        }
        #expect(offences == [])
    }

    @Test func `the small programs import neither Foundation nor a package`() throws {
        var offences: [String] = []
        for file in try SourceTree().files(under: "Sources", extensions: ["swift"])
        where Self.bareTargets.contains(file.target) {
            for imported in Self.imports(of: file)
            where imported != "Glibc" && !Self.bareTargets.contains(imported) && imported != "SandboxModel" {
                offences.append("\(file.path) imports \(imported)")
            }
        }
        #expect(offences == [])
    }
}
