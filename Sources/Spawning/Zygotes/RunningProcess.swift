import LinuxSystem

/// A process that runs its program.
struct RunningProcess: ~Copyable {
    let pid: Int32
    let process: Descriptor

    init(_ launch: BoxLaunch, milliseconds: Int32) throws(BoxFailure) {
        let started = try launch.start()
        let pid = started.pid
        process = try started.waitUntilRunning(milliseconds: milliseconds)
        self.pid = pid
    }

    consuming func takeProcess() -> Descriptor { process }
}
