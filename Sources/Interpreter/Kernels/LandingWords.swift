import KernelProtocol
import Orchestrator
import SandboxModel

/// What a fork of a zygote is told when it lands: who it is to be. JSON, which nobody on the way reads.
enum LandingWords {
    /// - Returns: nil if it is more than may be told; such a kernel is started cold.
    static func bytes(_ context: CodeContext, in sandbox: LiveSandbox) -> [UInt8]? {
        var json: [UInt8] = []
        append("{", "socket", KernelPlace.socket(of: context.id.text), to: &json)
        append(",", "context", context.id.text, to: &json)
        append(",", "language", context.language, to: &json)
        append(",", "cwd", context.workingDirectory, to: &json)
        json.append(contentsOf: #","environment":"#.utf8)
        var separator = "{"
        for (name, value) in environment(of: sandbox).sorted(by: { $0.key < $1.key }) {
            append(separator, name, value, to: &json)
            separator = ","
        }
        json.append(contentsOf: "}}".utf8)
        return json.count <= InterpreterLimits.landingBytes ? json : nil
    }

    /// The same as the guest gives to a command of root's.
    private static func environment(of sandbox: LiveSandbox) -> [String: String] {
        var variables = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
            "USER": "root", "LOGNAME": "root", "SHELL": "/bin/bash",
        ]
        variables.merge(sandbox.record.environment) { _, set in set }
        variables.merge(sandbox.record.reservedEnvironment) { _, reserved in reserved }
        return variables
    }

    private static func append(_ separator: String, _ name: String, _ value: String, to json: inout [UInt8]) {
        json.append(contentsOf: separator.utf8)
        JSONEscape.append(name, to: &json)
        json.append(UInt8(ascii: ":"))
        JSONEscape.append(value, to: &json)
    }
}
