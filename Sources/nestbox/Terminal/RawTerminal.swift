import Dispatch
import Glibc
import NIOPosix

/// The terminal that the command was typed at.
enum RawTerminal {
    static var isPresent: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Lends the terminal in raw mode: what is typed goes through as it is. It is as before when this returns or
    /// throws.
    static func withRawMode<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await withMode({ cfmakeraw(&$0) }, body)
    }

    /// The same, but what is written still ends its lines as programs do, with `\n` alone.
    static func withEditingMode<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await withMode({
            cfmakeraw(&$0)
            $0.c_oflag |= tcflag_t(OPOST | ONLCR)
        }, body)
    }

    private static func withMode<Result>(
        _ change: (inout termios) -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        var before = termios()
        try ServeError.check("tcgetattr", "terminal") { tcgetattr(STDIN_FILENO, &before) }
        var raw = before
        change(&raw)
        try ServeError.check("tcsetattr", "terminal") { tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) }
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
        return try await body()
    }

    /// Lends the moments at which the terminal takes another size.
    static func withSizeChanges<Result>(
        _ body: (AsyncStream<Void>) async throws -> Result
    ) async throws -> Result {
        let (changes, source) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        signal(SIGWINCH, SIG_IGN)
        let watch = DispatchSource.makeSignalSource(signal: SIGWINCH)
        watch.setEventHandler { source.yield() }
        watch.activate()
        defer { watch.cancel() }
        return try await body(changes)
    }

    static var size: TerminalMessage {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalMessage(size: .init(cols: 80, rows: 24))
        }
        return TerminalMessage(size: .init(cols: Int(size.ws_col), rows: Int(size.ws_row)))
    }
}

/// Standard input, read by a thread of its own and only when somebody wants more.
struct StandardInput: Sendable {
    static let chunkBytes = 32 << 10
    /// How long one look at it takes at most, in milliseconds: so soon a cancellation is seen.
    private static let patience: Int32 = 100

    private enum Look: Sendable {
        case nothing, end
        case bytes([UInt8])
    }

    /// - Returns: nil at the end.
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    func next() async throws -> [UInt8]? {
        while true {
            try Task.checkCancellation()
            switch try await NIOThreadPool.singleton.runIfActive({ try Self.look() }) {
            case .nothing: continue
            case .end: return nil
            case .bytes(let bytes): return bytes
            }
        }
    }

    private static func look() throws -> Look {
        var watched = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        let ready = try ServeError.check("poll", "standard input") { poll(&watched, 1, patience) }
        guard ready > 0 else { return .nothing }
        var bytes = [UInt8](repeating: 0, count: chunkBytes)
        let count = try ServeError.check("read", "standard input") { read(STDIN_FILENO, &bytes, bytes.count) }
        return count == 0 ? .end : .bytes(Array(bytes.prefix(count)))
    }
}

/// Writes all of it, or throws.
func writeAll(_ bytes: some Collection<UInt8>, to descriptor: Int32) throws {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
        let count = try ServeError.check("write", "output") {
            rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        }
        rest = rest.dropFirst(count)
    }
}
