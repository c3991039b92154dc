import Foundation
import Testing

@testable import E2BAPI

@Suite(.enabled(if: RealGuest.isBuilt, "nestbox-guest is not built beside the tests"))
struct FilesystemCallsTests {
    private func call(_ guest: RealGuest, _ method: String, _ json: String) async throws -> ReadResponse {
        try await guest.unary("/filesystem.Filesystem/\(method)", json)
    }

    @Test func `directories are made, told, listed, moved and removed`() async throws {
        try await RealGuest.lend { guest in
            let root = guest.directory
            let made = try await call(guest, "MakeDir", #"{"path":"\#(root)/a/b"}"#)
            #expect(made.status == 200)
            let entry = try #require(try made.json["entry"] as? [String: Any])
            #expect(entry["type"] as? String == "FILE_TYPE_DIRECTORY")
            #expect((entry["permissions"] as? String)?.first == "d")
            #expect(entry["size"] is String)
            let again = try await call(guest, "MakeDir", #"{"path":"\#(root)/a/b"}"#)
            #expect(again.status == 409)
            #expect(try again.json["code"] as? String == "already_exists")
            let moved = try await call(guest, "Move", #"{"source":"\#(root)/a/b","destination":"\#(root)/c/d"}"#)
            #expect(moved.status == 200)
            let list = try await call(guest, "ListDir", #"{"path":"\#(root)","depth":2}"#)
            let names = try #require(try list.json["entries"] as? [[String: Any]]).map { $0["path"] as? String }
            #expect(names == ["\(root)/a", "\(root)/c", "\(root)/c/d"])
            try await expect(200, call(guest, "Remove", #"{"path":"\#(root)/c"}"#))
            try await expect(200, call(guest, "Remove", #"{"path":"\#(root)/c"}"#))
            try await expect(404, call(guest, "Stat", #"{"path":"\#(root)/c"}"#))
            try await expect(404, call(guest, "ListDir", #"{"path":"\#(root)/nothing"}"#))
        }
    }

    @Test func `a symbolic link says that it is one, and of what`() async throws {
        try await RealGuest.lend { guest in
            let target = guest.directory + "/target"
            try Data("x".utf8).write(to: URL(fileURLWithPath: target))
            try FileManager.default.createSymbolicLink(atPath: guest.directory + "/link", withDestinationPath: target)
            let stat = try await call(guest, "Stat", #"{"path":"\#(guest.directory)/link"}"#)
            let entry = try #require(try stat.json["entry"] as? [String: Any])
            #expect(entry["isSymlink"] as? Bool == true)
            #expect(entry["type"] as? String == "FILE_TYPE_FILE")
            #expect(entry["symlinkTarget"] as? String == target)
            #expect(entry["permissions"] as? String == "Lrwxrwxrwx")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a polled watcher tells each change once, until it is removed`() async throws {
        try await RealGuest.lend { guest in
            let created = try await call(
                guest, "CreateWatcher", #"{"path":"\#(guest.directory)","includeEntry":true}"#)
            #expect(created.status == 200, "\(created.text)")
            let watcherID = try #require(try created.json["watcherId"] as? String)
            try Data("x".utf8).write(to: URL(fileURLWithPath: guest.directory + "/new"))
            var events: [[String: Any]] = []
            while !events.contains(where: { $0["type"] as? String == "EVENT_TYPE_CREATE" }) {
                let polled = try await call(guest, "GetWatcherEvents", #"{"watcherId":"\#(watcherID)"}"#)
                events += try #require(try polled.json["events"] as? [[String: Any]])
            }
            #expect(events.contains { $0["name"] as? String == "new" })
            try await expect(200, call(guest, "RemoveWatcher", #"{"watcherId":"\#(watcherID)"}"#))
            for method in ["GetWatcherEvents", "RemoveWatcher"] {
                try await expect(404, call(guest, method, #"{"watcherId":"\#(watcherID)"}"#))
            }
        }
    }

    @Test func `a watch that cannot begin is refused`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"path":"\#(guest.directory)/nothing"}"#
            try await expect(404, call(guest, "CreateWatcher", json))
            let stream = try await guest.stream("/filesystem.Filesystem/WatchDir", [json])
            #expect(try stream.frames().code == "not_found")
            let file = #"{"path":"/etc/passwd"}"#
            try await expect(400, call(guest, "CreateWatcher", file))
        }
    }

    @Test func `a watch as a stream starts at once and ends with its time`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"path":"\#(guest.directory)"}"#
            let stream = try await guest.stream(
                "/filesystem.Filesystem/WatchDir", [json], ["connect-timeout-ms": "2000"])
            #expect(try stream.frames().messages.first?["start"] != nil)
            #expect(try stream.frames().code == "deadline_exceeded")
        }
    }

    @Test func `a sandbox has a bounded number of watchers`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"path":"\#(guest.directory)"}"#
            for _ in 0..<EnvdLimits.watchersPerSandbox {
                try await expect(200, call(guest, "CreateWatcher", json))
            }
            let over = try await call(guest, "CreateWatcher", json)
            #expect(over.status == 429)
            #expect(try over.json["code"] as? String == "resource_exhausted")
        }
    }
}
