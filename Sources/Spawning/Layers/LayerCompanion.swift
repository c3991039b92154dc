import CLinux
import Glibc
import LinuxSystem
import WireCoding

/// The process that makes writable layers, on the other core, and hands each over as a descriptor. It dies with the
/// spawner.
final class LayerCompanion {
    struct Delivery {
        let shape: DiskShape
        let layer: HeldMount?
        /// Why there is no layer.
        let failure: BoxFailure?
    }

    private let socket: Descriptor
    private static let datagramBytes = 1024
    private static let receiving = "receive a writable layer"

    /// Forks the companion. Its files lie in `directory`.
    init(directory: Int32) throws(SyscallError) {
        var pair: [Int32] = [-1, -1]
        try check("socketpair") { nb_socket_pair(&pair) }
        let kept = [pair[1], directory]
        let pid = try check("fork") { nb_fork_companion(kept, kept.count) }
        if pid == 0 {
            Self.serve(Descriptor(owning: pair[1]), directory: directory)
        }
        close(pair[1])
        socket = Descriptor(owning: pair[0])
    }

    var descriptor: Int32 { socket.number }

    func order(_ shape: DiskShape) throws(BoxFailure) {
        let bytes = shape.wireBytes
        guard nb_send(socket.number, bytes, bytes.count, -1) == bytes.count else {
            throw BoxFailure(step: "order a writable layer", number: errno)
        }
    }

    func wait(milliseconds: Int32) throws(BoxFailure) {
        var poll = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds) == 1 else {
            throw BoxFailure(step: "wait for a writable layer", number: ETIMEDOUT)
        }
    }

    /// - Returns: what is next; without the layer, too, if this process has no room for its descriptor.
    func receive() throws(BoxFailure) -> Delivery {
        var bytes = [UInt8](repeating: 0, count: Self.datagramBytes)
        var descriptor: Int32 = -1
        let count = nb_receive(socket.number, &bytes, bytes.count, &descriptor, 0)
        // Its words have come all the same.
        let isLost = count < 0 && errno == EMFILE
        guard count > 0 || isLost else {
            throw BoxFailure(step: Self.receiving, number: count == 0 ? EPIPE : errno)
        }
        let layer = descriptor >= 0 ? HeldMount(DetachedMount(taking: Descriptor(owning: descriptor))) : nil
        do {
            var reader = WireReader(isLost ? bytes : Array(bytes.prefix(count)))
            let shape = try DiskShape(from: &reader)
            let failure = BoxFailure(step: try reader.text(), number: try reader.integer())
            let lost = BoxFailure(step: Self.receiving, number: EMFILE)
            return Delivery(shape: shape, layer: layer, failure: isLost ? lost : layer == nil ? failure : nil)
        } catch {
            throw BoxFailure(step: "read the companion's answer", number: EBADMSG)
        }
    }

    // The companion's side.

    private static func serve(_ socket: consuming Descriptor, directory: Int32) -> Never {
        var maker = WritableLayerMaker(directory: directory)
        var bytes = [UInt8](repeating: 0, count: datagramBytes)
        while true {
            var descriptor: Int32 = -1
            let count = nb_receive(socket.number, &bytes, bytes.count, &descriptor, 0)
            // Not a shape: the end, as below.
            guard count > 0, let shape = try? DiskShape(wireBytes: Array(bytes.prefix(count))) else {
                exit(0)  // the spawner is gone, or talks nonsense: either way nothing is left to do
            }
            answer(shape, by: &maker, on: socket.number)
        }
    }

    private static func answer(_ shape: DiskShape, by maker: inout WritableLayerMaker, on socket: Int32) {
        var writer = WireWriter()
        shape.encode(into: &writer)
        do {
            let layer = try maker.make(shape)
            writer.write("")
            writer.write(Int32(0))
            _ = nb_send(socket, writer.bytes, writer.bytes.count, layer.descriptor.number)
        } catch {
            writer.write(error.step)
            writer.write(error.number)
            _ = nb_send(socket, writer.bytes, writer.bytes.count, -1)
        }
    }
}
