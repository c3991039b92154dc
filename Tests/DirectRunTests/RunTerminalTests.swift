import Glibc
import Testing

/// `nestbox run` on a terminal; Python's pty module is the person at it.
@Suite(.enabled(if: access("/usr/bin/python3", X_OK) == 0, "needs python3: plays the terminal"))
struct RunTerminalTests {
    @Test func `a shell inside has a terminal of its own with its size and job control`() throws {
        let result = try RunProgram.start(["python3", "-c", Self.person, RunProgram.path], input: "")
        #expect(result.output == "size 33 99\nstopped\ninterrupted\ncode 5\n", "\(result.output)\(result.errors)")
    }

    /// Types at a shell, waiting for what must come back before it goes on.
    private static let person = """
        import fcntl, os, pty, select, struct, sys, termios
        pid, terminal = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
            os.execv(sys.argv[1], [sys.argv[1], "run", "--", "bash", "--norc", "--noediting", "-i"])
        seen = b""
        def until(text):
            global seen
            while text not in seen:
                if not select.select([terminal], [], [], 20)[0]: sys.exit("no " + repr(text) + " in " + repr(seen))
                seen += os.read(terminal, 4096)
            seen = seen.split(text, 1)[1]
        def type(text):
            os.write(terminal, text)
        until(b"$ "); type(b"stty size\\n"); until(b"33 99"); print("size 33 99")
        until(b"$ "); type(b"sed -u y/ab/XY/\\na\\n"); until(b"X\\r\\n"); type(b"\\x1a")
        until(b"Stopped"); print("stopped")
        until(b"$ "); type(b"fg\\nb\\n"); until(b"Y\\r\\n"); type(b"\\x03")
        until(b"$ "); print("interrupted"); type(b"exit 5\\n")
        while True:
            try:
                if not os.read(terminal, 4096): break
            except OSError: break
        print("code", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """
}
