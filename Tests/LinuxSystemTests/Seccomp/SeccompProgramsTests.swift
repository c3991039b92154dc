import Glibc
import Testing

@testable import LinuxSystem

@Suite struct SeccompProgramsTests {
    private static let file = #filePath.replacingLast("Tests/LinuxSystemTests/Seccomp/SeccompProgramsTests.swift")
        + "Sources/LinuxSystem/Seccomp/SeccompPrograms.swift"

    @Test func `the compiled programs are what the rules say`() throws {
        let expected = SeccompFilter.programsText()
        if getenv("NESTBOX_WRITE_FILTERS") != nil {
            let file = try #require(fopen(Self.file, "w"))
            fputs(expected, file)
            fclose(file)
        }
        #expect(try CgroupFiles.kernel.read(Self.file) == expected)
    }

    @Test func `a lent directory gets no setuid files`() throws {
        let groups = try #require(SeccompFilter.sources.first { $0.name == "directRun" }).groups
        let program = SeccompCompiler.program(architecture: .x86_64, groups: groups)
        let interpreter = BPFInterpreter(program: program)
        for (name, arguments, verdict) in Self.modes {
            let number = try #require(SyscallNumbers.x86_64.byName[name])
            let call = BPFInterpreter.Call(architecture: 0xc000_003e, number: number, arguments: arguments)
            #expect(try interpreter.run(call).verdict == verdict, "\(name)")
        }
    }

    @Test func `a zygote may enter namespaces and leave its keyring, and no more than a sandbox else`() throws {
        let groups = try #require(SeccompFilter.sources.first { $0.name == "zygote" }).groups
        let zygote = BPFInterpreter(program: SeccompCompiler.program(architecture: .x86_64, groups: groups))
        let sandbox = BPFInterpreter(
            program: SeccompCompiler.program(architecture: .x86_64, groups: SandboxRules.groups))
        for (name, number) in SyscallNumbers.x86_64.byName {
            let call = BPFInterpreter.Call(architecture: 0xc000_003e, number: number, arguments: [1, 1])
            let (its, ordinary) = (try zygote.run(call).verdict, try sandbox.run(call).verdict)
            let isMore = ["setns", "keyctl"].contains(name)
            #expect(isMore ? its == SeccompCompiler.allow : its == ordinary, "\(name)")
        }
        for (name, arguments) in [("keyctl", [0]), ("ioctl", [0, 0x8010_b70b]), ("ioctl", [0, 0x5412])] {
            let number = try #require(SyscallNumbers.x86_64.byName[name])
            let call = BPFInterpreter.Call(
                architecture: 0xc000_003e, number: number, arguments: arguments.map(UInt64.init))
            #expect(try zygote.run(call).verdict == SeccompCompiler.refuse(EPERM), "\(name) \(arguments)")
        }
    }

    private static let modes: [(String, [UInt64], UInt32)] = [
        ("chmod", [0, 0o755], SeccompCompiler.allow),
        ("chmod", [0, 0o4755], SeccompCompiler.refuse(EPERM)),
        ("fchmodat", [0, 0, 0o2755], SeccompCompiler.refuse(EPERM)),
        ("openat", [0, 0, 0, 0o4755], SeccompCompiler.refuse(EPERM)),
        ("openat", [0, 0, 0, 0o1644], SeccompCompiler.allow),
        ("mkdirat", [0, 0, 0o2755], SeccompCompiler.refuse(EPERM)),
        ("openat2", [], SeccompCompiler.refuse(ENOSYS)),
    ]
}

extension String {
    /// The string without this ending.
    fileprivate func replacingLast(_ ending: String) -> String {
        hasSuffix(ending) ? String(dropLast(ending.count)) : self
    }
}
