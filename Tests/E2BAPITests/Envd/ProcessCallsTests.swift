import Foundation
import Testing

@testable import E2BAPI

@Suite(.enabled(if: RealGuest.isBuilt, "nestbox-guest is not built beside the tests"))
struct ProcessCallsTests {
    private func events(_ response: ReadResponse) throws -> [[String: Any]] {
        try response.frames().messages.map { try #require($0["event"] as? [String: Any]) }
    }

    private func output(_ events: [[String: Any]], _ channel: String) -> String {
        let parts = events.compactMap { ($0["data"] as? [String: Any])?[channel] as? String }
        return parts.reduce("") { $0 + String(decoding: Base64.decode($1.utf8) ?? [], as: UTF8.self) }
    }

    @Test func `a command tells its start, its output, its end, in this order`() async throws {
        try await RealGuest.lend { guest in
            let response = try await guest.run("echo out; echo err >&2; exit 3")
            #expect(response.status == 200)
            #expect(response.headers.first(name: "content-type") == "application/connect+json")
            let events = try events(response)
            #expect(events.first?["start"] != nil)
            #expect(output(events, "stdout") == "out\n")
            #expect(output(events, "stderr") == "err\n")
            let end = try #require(events.last?["end"] as? [String: Any])
            #expect(end["exitCode"] as? Int == 3)
            #expect(end["exited"] as? Bool == true)
            #expect(end["status"] as? String == "exit status 3")
            #expect(end["error"] as? String == "exit status 3")
            #expect(try response.frames().code == nil)
        }
    }

    @Test func `output of any bytes and length is whole`() async throws {
        try await RealGuest.lend { guest in
            let events = try events(try await guest.run("head -c 3000001 /dev/zero | tr '\\0' x"))
            #expect(output(events, "stdout").utf8.count == 3_000_001)
        }
    }

    @Test func `a command over its time is killed and says so`() async throws {
        try await RealGuest.lend { guest in
            let response = try await guest.run("sleep 60", ["connect-timeout-ms": "100"])
            #expect(try response.frames().code == "deadline_exceeded")
            let none = try await guest.run("sleep 60", ["connect-timeout-ms": "0"])
            #expect(try none.frames().code == "deadline_exceeded")
        }
    }

    @Test func `a silent command is kept alive`() async throws {
        try await RealGuest.lend { guest in
            let events = try events(try await guest.run("sleep 4", ["keepalive-ping-interval": "1"]))
            #expect(events.contains { $0["keepalive"] != nil })
        }
    }

    @Test func `an unknown user and a missing directory are told in E2B's words`() async throws {
        try await RealGuest.lend { guest in
            let user = try await guest.run("true", ["authorization": "Basic bm9ib2R5MTIzOg=="]).frames()
            #expect(user.code == "unauthenticated")
            #expect(user.message == "invalid username: 'nobody123'")
            let json = #"{"process":{"cmd":"/bin/true","cwd":"/no/such"},"stdin":false}"#
            let directory = try await guest.stream("/process.Process/Start", [json]).frames()
            #expect(directory.code == "invalid_argument")
            #expect(directory.message == "cwd '/no/such' does not exist")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a process lists, takes input by its tag, and ends when its input does`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"process":{"cmd":"/bin/cat"},"stdin":true,"tag":"cat"}"#
            async let running = guest.stream("/process.Process/Start", [json])
            var processes: [[String: Any]] = []
            while processes.isEmpty {
                let list = try await guest.unary("/process.Process/List", "{}")
                processes = try list.json["processes"] as? [[String: Any]] ?? []
            }
            #expect(processes[0]["tag"] as? String == "cat")
            let big = String(repeating: "x", count: 200_000)
            let data = Data(big.utf8).base64EncodedString()
            for input in [
                #"{"process":{"tag":"cat"},"input":{"stdin":"YQ=="}}"#,
                #"{"process":{"tag":"cat"},"input":{"stdin":"\#(data)"}}"#,
            ] {
                try await expect(200, guest.unary("/process.Process/SendInput", input))
            }
            let streamed = try await guest.stream(
                "/process.Process/StreamInput",
                [
                    #"{"start":{"process":{"tag":"cat"}}}"#, #"{"keepalive":{}}"#,
                    #"{"data":{"input":{"stdin":"Yg=="}}}"#,
                ])
            #expect(try streamed.frames().code == nil)
            #expect(try streamed.frames().messages.count == 1)
            let close = try await guest.unary("/process.Process/CloseStdin", #"{"process":{"tag":"cat"}}"#)
            #expect(close.status == 200)
            #expect(output(try events(try await running), "stdout") == "a" + big + "b")
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a killed process says by what`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"process":{"cmd":"/bin/sleep","args":["60"]},"stdin":false,"tag":"s"}"#
            async let running = guest.stream("/process.Process/Start", [json])
            var status: UInt = 404
            while status == 404 {
                let kill = #"{"process":{"tag":"s"},"signal":"SIGNAL_SIGKILL"}"#
                status = try await guest.unary("/process.Process/SendSignal", kill).status
            }
            #expect(status == 200)
            let end = try #require(try events(try await running).last?["end"] as? [String: Any])
            #expect(end["exitCode"] as? Int == -1)
            #expect(end["exited"] as? Bool == false)
            #expect(end["status"] as? String == "signal: killed")
        }
    }

    @Test(arguments: ["SendSignal", "CloseStdin", "SendInput"])
    func `a process that is not there is not found`(method: String) async throws {
        try await RealGuest.lend { guest in
            let json = #"{"process":{"pid":999999},"signal":"SIGNAL_SIGTERM","input":{"stdin":""}}"#
            let response = try await guest.unary("/process.Process/\(method)", json)
            #expect(response.status == 404)
            #expect(try response.json["code"] as? String == "not_found")
            let connect = try await guest.stream("/process.Process/Connect", [#"{"process":{"pid":999999}}"#])
            #expect(try connect.frames().code == "not_found")
        }
    }

    @Test func `a terminal has the size that was asked for`() async throws {
        try await RealGuest.lend { guest in
            let json = #"{"process":{"cmd":"/bin/stty","args":["size"]},"pty":{"size":{"cols":91,"rows":17}}}"#
            let events = try events(try await guest.stream("/process.Process/Start", [json]))
            #expect(output(events, "pty") == "17 91\r\n")
        }
    }

    @Test func `a command is on the record without its arguments`() async throws {
        try await RealGuest.lend { guest in
            _ = try await guest.run("echo secret")
            let event = try #require(guest.events.all.first)
            #expect(event.message == "command started")
            #expect(event.fields["command"] == "sh")
            #expect(event.fields["arguments"] == "2")
            #expect(!event.fields.values.contains { $0.contains("secret") })
        }
    }

    @Test func `wrong methods, types and names are refused with their statuses`() async throws {
        try await RealGuest.lend { guest in
            try await expect(405, guest.send(.GET, "/process.Process/List"))
            try await expect(415, guest.send(.POST, "/process.Process/List", ["content-type": "text/plain"]))
            try await expect(415, guest.send(.POST, "/process.Process/Start", ["content-type": "application/json"]))
            try await expect(404, guest.unary("/process.Process/Nothing", "{}"))
            try await expect(400, guest.unary("/process.Process/List", "{"))
            try await expect(404, guest.unary("/init", "{}"))
            try await expect("invalid_argument", guest.stream("/process.Process/Start", []).frames().code)
            try await expect("invalid_argument", guest.stream("/process.Process/Start", ["{}"]).frames().code)
        }
    }
}
