import Glibc

/// One line per event, to one descriptor; nothing from inside a sandbox is in it.
struct SpawnerLog {
    let descriptor: Int32

    func write(_ text: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = now.tv_nsec / 1_000_000
        let line = Array("nestbox-spawner \(now.tv_sec).\(milliseconds / 100)\(milliseconds / 10 % 10) \(text)\n".utf8)
        _ = Glibc.write(descriptor, line, line.count)  // a log that cannot be written must not stop the service
    }
}
