import Testing

@testable import DirectRun

@Suite struct RunOptionsTests {
    @Test func `what is not said has its default`() throws {
        let options = try RunOptions(arguments: ["--", "true"])
        #expect(options.memoryBytes == .init(value: 512 << 20))
        #expect(options.cpuMilli == .init(value: 1000))
        #expect(options.processes == .init(value: 64))
        #expect(options.timeoutMilliseconds == nil)
        #expect(options.command == ["true"])
    }

    @Test func `every option is read, with a space or an equals sign`() throws {
        let options = try RunOptions(arguments: [
            "--memory", "2GiB", "--cpus=0.5", "--pids", "7", "--timeout=1.5h", "--read-only", "/a", "--read-only=/b",
            "--write", "c", "--env", "A=b=c", "--workdir", "/tmp", "--net", "isolated", "ls", "--memory",
        ])
        #expect(options.memoryBytes == .init(value: 2 << 30, isExplicit: true))
        #expect(options.cpuMilli == .init(value: 500, isExplicit: true))
        #expect(options.processes == .init(value: 7, isExplicit: true))
        #expect(options.timeoutMilliseconds == 5_400_000)
        #expect(options.readOnlyPaths == ["/a", "/b"])
        #expect(options.writablePaths == ["c"])
        #expect(options.environment == ["A=b=c"])
        #expect(options.directory == "/tmp")
        #expect(options.command == ["ls", "--memory"])
    }

    @Test(arguments: [
        [], ["--"], ["--", ""], ["--memory"], ["--memory", "-1", "true"], ["--memory", "1", "true"],
        ["--memory", "99999999TiB", "true"], ["--memory", "1.5GiB", "true"], ["--cpus", "0", "true"],
        ["--cpus", "1e3", "true"], ["--cpus", "0.0001", "true"], ["--pids", "1", "true"], ["--pids", "x", "true"],
        ["--timeout", "0", "true"], ["--timeout", "-3s", "true"], ["--timeout", "1000h", "true"],
        ["--env", "=x", "true"], ["--env", "x", "true"], ["--net", "open", "true"], ["--workdir", "rel", "true"],
        ["--write", "", "true"], ["--nonsense", "true"], ["-x", "true"], ["true", "a\u{0}b"],
    ])
    func `what cannot be meant is refused by name`(arguments: [String]) {
        let refusal = #expect(throws: RunError.self) { try RunOptions(arguments: arguments) }
        #expect(refusal?.exitCode == 125)
        if arguments.count == 3 { #expect(refusal?.sentence.hasPrefix(arguments[0]) == true) }
    }
}
