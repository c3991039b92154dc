import CLinux
import Glibc
import LinuxSystem

/// The program `nestbox-spawner`: reads the command line, becomes a daemon if asked to, serves.
public enum SpawnerProgram {
    private static let misuse: Int32 = 2
    private static let failure: Int32 = 1

    public static func run(_ arguments: [String]) -> Never {
        let options: SpawnerOptions
        do { options = try SpawnerOptions(arguments: Array(arguments.dropFirst())) } catch {
            fail(error.description, status: misuse)
        }
        guard geteuid() == 0 else { fail("root is needed to make sandboxes", status: failure) }
        closeForeignDescriptors(keeping: options.logDescriptor)
        do {
            let ready = options.becomesDaemon ? try check("daemonize") { nb_daemonize() } : -1
            if ready >= 0 { detachStreams(keeping: options.logDescriptor) }
            lowerOwnOutOfMemoryScore()
            let spawner = try Spawner(options)
            if ready >= 0 { nb_daemon_ready(ready) }
            try spawner.run()
        } catch {
            fail("\(error)", status: failure, descriptor: options.logDescriptor)
        }
        exit(0)
    }

    private static func fail(_ text: String, status: Int32, descriptor: Int32 = 2) -> Never {
        SpawnerLog(descriptor: descriptor).write(text)
        exit(status)
    }

    private static func closeForeignDescriptors(keeping log: Int32) {
        let first: UInt32 = 3
        if log >= 3 {
            nb_close_range(first, UInt32(log) - 1)
            nb_close_range(UInt32(log) + 1, .max)
        } else {
            nb_close_range(first, .max)
        }
    }

    /// A daemon has no use for the streams of who started it, except to log to.
    private static func detachStreams(keeping log: Int32) {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { return }  // then it keeps the old ones
        for stream: Int32 in 0...2 where stream != log { dup2(null, stream) }
        close(null)
    }

    /// Among the last to be killed when the host is out of memory, as far as we may ask for it: without the spawner no
    /// sandbox ends in time. Its children take it back.
    private static func lowerOwnOutOfMemoryScore() {
        let number = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        let score = Array("-900".utf8)
        _ = write(file.number, score, score.count)  // refused without CAP_SYS_RESOURCE
    }
}
