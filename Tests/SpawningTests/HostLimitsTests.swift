import Foundation
import Testing

@testable import Spawning

@Suite struct HostLimitsTests {
    private static let paths = [
        "fs/inotify/max_user_instances", "fs/inotify/max_user_watches", "fs/file-max", "kernel/pid_max",
        "kernel/threads-max", "kernel/pty/max", "net/ipv4/tcp_max_orphans", "net/core/bpf_jit_limit",
    ]

    @Test func `what is too low is raised and told, what is higher stays`() throws {
        try withFiles(["fs/inotify/max_user_instances": "128\n", "kernel/pty/max": "4096\n"]) { (directory) throws in
            let told = HostLimits(directory: directory).makeRoom()
            #expect(told.count == 2)
            #expect(told[0].contains("max_user_instances from 128 to 65536"))
            #expect(told[1].contains("pty/max from 4096 to 525312"))
            func value(_ path: String) throws -> String {
                try String(contentsOfFile: "\(directory)/\(path)", encoding: .utf8)
            }
            #expect(try value("fs/inotify/max_user_instances") == "65536")
            #expect(try value("fs/inotify/max_user_watches") == "\(UInt64.max)\n")
            #expect(HostLimits(directory: directory).makeRoom().isEmpty)
        }
    }

    @Test func `what cannot be understood is told of, what the kernel does not have is not`() throws {
        try withFiles(["kernel/pid_max": "many\n", "net/core/bpf_jit_limit": nil]) { (directory) throws in
            let told = HostLimits(directory: directory).makeRoom()
            #expect(told.count == 1 && told[0].contains("pid_max"))
        }
    }

    /// All are as high as can be, but those in `other`; nil for none.
    private func withFiles(_ other: [String: String?], _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: directory) }  // a leftover harms nobody
        for path in Self.paths {
            let file = directory.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let text = other.index(forKey: path).map { other[$0].value } ?? "\(UInt64.max)\n"
            try text?.write(to: file, atomically: false, encoding: .utf8)
        }
        try body(directory.path)
    }
}
