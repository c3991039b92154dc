import CLinux
import Glibc
import GuestProtocol
import LinuxSystem

/// A command that the real guest runs.
enum GuestCommand {
    /// What it writes to its standard output, as the sandbox's root.
    static func output(of words: [String], at path: String) throws -> String {
        let socket = try UnixSocket.connect(path, type: SOCK_STREAM)
        let request = GuestRequest.startProcess(
            StartProcess(command: words[0], arguments: Array(words.dropFirst()), workingDirectory: "/", user: "root"))
        let bytes = request.frame.bytes
        guard nb_send(socket.number, bytes, bytes.count, -1) == bytes.count else { throw SyscallError("send") }
        var decoder = FrameDecoder()
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        var output: [UInt8] = []
        while true {
            while let frame = try decoder.next() {
                switch try GuestReply(frame: frame) {
                case .output(let part) where part.channel == .standardOutput: output += part.bytes
                case .exited: return String(decoding: output, as: UTF8.self)
                case .failure(let failure): throw TestFailure("\(failure)")
                default: break
                }
            }
            let count = try check("read") { read(socket.number, &chunk, chunk.count) }
            guard count > 0 else { throw TestFailure("the guest hung up") }
            decoder.append(chunk.prefix(count))
        }
    }
}
