import CLinux
import Glibc

/// A loop device for one file, to be written to. It frees itself when this and the last mount of it are gone.
public struct LoopDevice: ~Copyable {
    public let path: String
    private let descriptor: Descriptor

    public init(file: Int32) throws(SyscallError) {
        var number: Int32 = -1
        descriptor = Descriptor(
            owning: try check("loop device") { nb_loop_attach(file, 0, &number) })
        path = "/dev/loop\(number)"
    }
}
