import Foundation
import Testing

@testable import Spawning

@Suite struct HostCountsTests {
    @Test func `what is too low for a whole family is raised and told, what is higher stays`() throws {
        try withFiles(instances: "128\n", watches: "2000000000\n") { (directory) throws in
            let told = HostCounts(directory: directory).makeRoom()
            #expect(told.count == 1 && told[0].contains("max_user_instances from 128 to 65536"))
            #expect(try String(contentsOfFile: "\(directory)/max_user_instances", encoding: .utf8) == "65536")
            #expect(try String(contentsOfFile: "\(directory)/max_user_watches", encoding: .utf8) == "2000000000\n")
            #expect(HostCounts(directory: directory).makeRoom().isEmpty)
        }
    }

    @Test func `a host that cannot be asked, or not be understood, is told of`() throws {
        try withFiles(instances: "many\n", watches: nil) { (directory) throws in
            let told = HostCounts(directory: directory).makeRoom()
            #expect(told.count == 2 && told[0].contains("max_user_instances") && told[1].contains("max_user_watches"))
        }
    }

    private func withFiles(instances: String, watches: String?, _ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // a leftover harms nobody
        for (name, text) in [("max_user_instances", instances), ("max_user_watches", watches)] {
            try text?.write(to: directory.appendingPathComponent(name), atomically: false, encoding: .utf8)
        }
        try body(directory.path)
    }
}
