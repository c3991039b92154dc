import CLinux
import Glibc
import LinuxSystem

/// `nestbox run`: one command in a sandbox of its own, with no server. Made by this process, ended with it.
public enum DirectRun {
    public static let timedOut: Int32 = 124

    /// Runs what the words behind `nestbox run` ask for, and answers the exit code; what went wrong is on stderr.
    public static func main(arguments: [String]) -> Int32 {
        do throws(RunError) {
            let options = try RunOptions(arguments: arguments)
            if options.wantsHelp {
                print(RunUsage.text)
                return 0
            }
            return try run(options)
        } catch {
            tell(error.sentence)
            return error.exitCode
        }
    }

    static func run(_ options: RunOptions) throws(RunError) -> Int32 {
        let root = try RunRoot(options)
        // Into a cgroup2 the box is born; those of v1 are made while it makes its root.
        let born = RunCgroup.isUnified ? try RunCgroup(options) : nil
        var launch: RunLaunch
        do throws(RunError) {
            launch = try RunLaunch.start(options, root: root, directory: try born?.directory())
        } catch {
            if let born { remove(born) }
            throw error
        }
        let cgroup: RunCgroup
        do throws(RunError) { cgroup = if let born { born } else { try RunCgroup(options) } } catch {
            launch.abandon()
            throw error
        }
        do throws(RunError) {
            for warning in cgroup.warnings { tell("warning: " + warning) }
            try launch.release(into: cgroup.sandbox?.processFiles ?? [], options)
            cgroup.sweep()
            let end = try launch.finish(timeoutMilliseconds: options.timeoutMilliseconds)
            return conclude(end, options, cgroup)
        } catch {
            remove(cgroup)
            throw error
        }
    }

    private static func conclude(_ end: RunLaunch.End, _ options: RunOptions, _ cgroup: RunCgroup) -> Int32 {
        let kills = cgroup.sandbox.flatMap { try? $0.outOfMemoryKills() } ?? 0  // unreadable: nothing to tell
        remove(cgroup)
        if kills > 0 {
            let limit = options.memoryBytes.value
            tell("out of memory: the kernel killed \(kills) process(es) at the limit of \(limit) bytes")
        }
        switch end {
        case .exited(let code): return code
        case .timedOut:
            tell("timed out after \(options.timeoutMilliseconds ?? 0) ms; all was killed")
            return timedOut
        }
    }

    private static func remove(_ cgroup: RunCgroup) {
        do { try cgroup.sandbox?.remove() } catch { tell("warning: a cgroup stays behind: \(error)") }
    }

    private static func tell(_ sentence: String) {
        let line = Array("nestbox run: \(sentence)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)  // nobody is left to tell that it failed
    }
}
