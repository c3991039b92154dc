import Foundation
import Testing

@testable import nestbox

@Suite struct HistoryFileTests {
    static func withHome<Result>(_ body: (String) throws -> Result) throws -> Result {
        let home = FileManager.default.temporaryDirectory.appendingPathComponent("history-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: home) }  // a test that failed before made none
        return try body(home)
    }

    @Test func `entries come back in their order, whatever is in them`() throws {
        try Self.withHome { home in
            let file = try #require(HistoryFile(environment: ["HOME": home]))
            #expect(try file.read() == [])
            for entry in ["a", "b\n  c", "\"\\\u{1b}é"] { try file.append(entry) }
            #expect(try file.read() == ["a", "b\n  c", "\"\\\u{1b}é"])
            #expect(file.path == "\(home)/.local/state/nestbox/code_history")
        }
    }

    @Test func `only its owner reads it`() throws {
        try Self.withHome { home in
            let file = try #require(HistoryFile(environment: ["XDG_STATE_HOME": home, "HOME": "/nowhere"]))
            try file.append("a")
            let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            #expect(mode == 0o600 && file.path.hasPrefix(home))
        }
    }

    @Test func `it is cut when it has grown, and the youngest stay`() throws {
        try Self.withHome { home in
            let file = try #require(HistoryFile(environment: ["HOME": home]))
            let long = String(repeating: "x", count: HistoryFile.entryByteLimit - 10)
            for number in 0..<40 { try file.append("\(number) \(long)") }
            let read = try file.read()
            #expect(read.last?.hasPrefix("39 ") == true && read.count < 17)
            let size = try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int
            #expect(try #require(size) <= HistoryFile.byteLimit)
            #expect(try file.read() == read)
        }
    }

    @Test func `a link is not followed, and what is no entry is passed over`() throws {
        try Self.withHome { home in
            let file = try #require(HistoryFile(environment: ["HOME": home]))
            try file.append("a")
            try Data("\"good\"\nbad\n{}\n\"half".utf8).write(to: URL(fileURLWithPath: file.path))
            #expect(try file.read() == ["good"])
            try FileManager.default.moveItem(atPath: file.path, toPath: home + "/elsewhere")
            try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: home + "/elsewhere")
            #expect(throws: ServeError.self) { try file.read() }
            #expect(throws: ServeError.self) { try file.append("b") }
        }
    }

    @Test func `without a home there is none`() {
        #expect(HistoryFile(environment: ["HOME": "relative"]) == nil)
    }
}
