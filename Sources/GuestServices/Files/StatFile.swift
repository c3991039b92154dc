import CLinux
import Glibc
import GuestProtocol

extension FileWorker {
    func stat(_ path: FilePath) throws(GuestFailure) {
        channel.send(.entry(try lookup.entry(try lookup.resolve(path).path)))
    }

    /// Of the file system of `/`.
    func diskUsage() throws(GuestFailure) {
        var status = statfs()
        guard statfs("/", &status) == 0 else { throw GuestFailure(errorNumber: errno, "/") }
        let block = UInt64(status.f_bsize)
        let total = UInt64(status.f_blocks)
        let free = min(UInt64(status.f_bfree), total)
        let usage = DiskUsage(usedBytes: (total - free) &* block, totalBytes: total &* block)
        channel.send(.disk(usage))
    }
}
