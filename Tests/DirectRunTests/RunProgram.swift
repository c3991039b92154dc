import Glibc
import Testing

/// The built `nestbox-run`, started the way a shell would, as root or as an ordinary user.
enum RunProgram {
    struct Result {
        var code: Int32
        var output: String
        var errors: String
    }

    /// Ordinary users must be able to reach the program, so the tests lend it a place where everybody may.
    static let path: String = {
        let directory = (try? ownDirectory()) ?? "."  // a wrong place shows in every test
        return directory + "/nestbox-run"
    }()

    private static func ownDirectory() throws -> String {
        let resolved = try #require(realpath("/proc/self/exe", nil))
        defer { free(resolved) }
        let text = String(cString: resolved)
        // Beside the test bundle, whoever loads it.
        let candidates = CommandLine.arguments + [text]
        for candidate in candidates where candidate.contains(".build/") {
            let parts = candidate.split(separator: "/", omittingEmptySubsequences: false)
            if let index = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) {
                return parts[..<index].joined(separator: "/")
            }
        }
        return ".build/debug"
    }

    /// Runs `nestbox run` with these words; `input` is its standard input.
    static func run(_ words: [String], asNobody: Bool = false, input: String = "") throws -> Result {
        let prefix = asNobody ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] : []
        return try start(prefix + [path, "run"] + words, input: input)
    }

    /// Kills `nestbox run` once its command has been started; returns when all of the box is gone.
    static func startAndKill() throws {
        let script = """
            import os, signal, subprocess, sys
            run = subprocess.Popen(sys.argv[1:] + ["--", "sh", "-c", "echo started; sleep 60"], stdout=subprocess.PIPE)
            run.stdout.readline()
            run.kill()
            run.wait()
            assert run.stdout.read() == b""  # its end: nobody of the box holds it any more
            """
        let result = try start(["python3", "-c", script, path, "run"], input: "")
        try #require(result.code == 0, "\(result.errors)")
    }

    static func start(_ words: [String], input: String) throws -> Result {
        let files = try [temporaryFile(input), temporaryFile(""), temporaryFile("")]
        defer { files.forEach { close($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (stream, file) in files.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, file, Int32(stream))
        }
        var arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [
            strdup("PATH=/usr/bin:/bin"), strdup("HOST_SECRET=canary"), nil,
        ]
        defer { environment.forEach { free($0) } }
        var pid: pid_t = 0
        try #require(posix_spawnp(&pid, words[0], &actions, nil, &arguments, &environment) == 0)
        var status: Int32 = 0
        try #require(waitpid(pid, &status, 0) == pid)
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return Result(code: code, output: text(of: files[1]), errors: text(of: files[2]))
    }

    private static func temporaryFile(_ content: String) throws -> Int32 {
        let stream = try #require(tmpfile())
        defer { fclose(stream) }
        let file = dup(fileno(stream))
        let bytes = Array(content.utf8)
        try #require(write(file, bytes, bytes.count) == bytes.count)
        lseek(file, 0, SEEK_SET)
        return file
    }

    private static func text(of file: Int32) -> String {
        lseek(file, 0, SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}
