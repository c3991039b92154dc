import Glibc

/// The program that has all the other commands.
enum FullProgram {
    /// Beside this program, or in `../libexec` where it was installed.
    private static let names = ["nestbox-server", "../libexec/nestbox-server"]

    /// Executes it with the same arguments.
    static func become() -> Never {
        let directory = ownDirectory()
        for name in names { execv(directory + "/" + name, CommandLine.unsafeArgv) }
        let line = Array("nestbox: cannot start \(directory)/\(names[0]): \(String(cString: strerror(errno)))\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)  // nobody is left to tell that it failed
        exit(125)
    }

    private static func ownDirectory() -> String {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        let text = String(cString: path)
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }
}
