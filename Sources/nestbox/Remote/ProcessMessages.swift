import Foundation

// The messages of envd's process service that the commands use, in proto3's JSON.

struct StartMessage: Encodable {
    struct Process: Encodable {
        var cmd: String
        var args: [String]
        var envs: [String: String]
        var cwd: String?
    }

    var process: Process
    var pty: TerminalMessage?
    var stdin: Bool
}

struct TerminalMessage: Encodable {
    struct Size: Encodable {
        var cols: Int
        var rows: Int
    }

    var size: Size
}

struct SelectorMessage: Encodable {
    var pid: UInt32
}

struct InputMessage: Encodable {
    struct Input: Encodable {
        var stdin: Data?
        var pty: Data?
    }

    var process: SelectorMessage
    var input: Input
}

struct UpdateMessage: Encodable {
    var process: SelectorMessage
    var pty: TerminalMessage
}

struct CloseInputMessage: Encodable {
    var process: SelectorMessage
}

struct EventMessage: Decodable {
    var event: ProcessEvent?
}

struct ProcessEvent: Decodable {
    struct Start: Decodable {
        var pid: UInt32
    }

    struct Output: Decodable {
        var stdout: Data?
        var stderr: Data?
        var pty: Data?
    }

    struct End: Decodable {
        var exitCode: Int32?
        var exited: Bool?
        var status: String?
    }

    var start: Start?
    var data: Output?
    var end: End?
}
