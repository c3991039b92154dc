import GuestProtocol
import NIOCore

/// The events of a process as clients get them. By hand: a process's output is the server's hottest path.
extension ConnectStream {
    func started(_ pid: UInt32) async throws {
        try await send { $0.writeString(#"{"event":{"start":{"pid":\#(pid)}}}"#) }
    }

    func output(_ channel: ProcessOutput.Channel, _ bytes: ByteBuffer) async throws {
        try await send(capacity: Base64.encodedBytes(bytes.readableBytes) + 64) { json in
            switch channel {
            case .standardOutput: json.writeStaticString(#"{"event":{"data":{"stdout":""#)
            case .standardError: json.writeStaticString(#"{"event":{"data":{"stderr":""#)
            case .terminal: json.writeStaticString(#"{"event":{"data":{"pty":""#)
            }
            Base64.write(bytes, into: &json)
            json.writeStaticString(#""}}}"#)
        }
    }

    func ended(_ exit: ProcessExit) async throws {
        let status = exit.statusText
        let error = exit.signal != 0 || exit.code != 0 ? #","error":"\#(status)""# : ""
        let hasExited = exit.signal == 0
        let code = #""exitCode":\#(hasExited ? exit.code : -1),"exited":\#(hasExited)"#
        try await send { $0.writeString(#"{"event":{"end":{\#(code),"status":"\#(status)"\#(error)}}}"#) }
    }

    func processKeepalive() async throws {
        try await send(json: #"{"event":{"keepalive":{}}}"#)
    }
}

extension ProcessExit {
    /// In the words of the server that the clients know, which are Go's.
    var statusText: String {
        guard signal != 0 else { return "exit status \(code)" }
        return "signal: \(Self.signalNames[signal] ?? "signal \(signal)")"
    }

    private static let signalNames: [UInt8: String] = [
        1: "hangup", 2: "interrupt", 3: "quit", 4: "illegal instruction", 5: "trace/breakpoint trap", 6: "aborted",
        7: "bus error", 8: "floating point exception", 9: "killed", 10: "user defined signal 1",
        11: "segmentation fault", 12: "user defined signal 2", 13: "broken pipe", 14: "alarm clock", 15: "terminated",
    ]
}
