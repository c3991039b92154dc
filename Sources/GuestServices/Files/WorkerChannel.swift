import Glibc
import GuestProtocol
import WireCoding

/// A worker's connection: blocking, and gone means the end of the worker, so nothing here fails.
final class WorkerChannel {
    /// Where `guest_become_worker` puts it.
    static let descriptor: Int32 = 3
    /// One read or write of file contents, in bytes: enough to make the system calls' own cost small.
    static let transferBytes = 256 << 10

    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: WorkerChannel.transferBytes, alignment: 4096)
    /// What was received and not yet taken lies in `buffer[position..<end]`.
    private var position = 0
    private var end = 0
    private static let bytesKind = GuestFollowUp.bytes([]).frame.kind
    private static let bytesReplyKind = GuestReply.bytes([]).frame.kind

    /// `rest` came right behind the request.
    init(rest: [UInt8]) {
        precondition(rest.count <= buffer.count, "the event loop reads less at once")
        buffer.copyBytes(from: rest)
        end = rest.count
    }

    deinit {
        buffer.deallocate()
    }

    func send(_ reply: GuestReply) {
        send(reply.frame.bytes)
    }

    func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { writeAll($0) }
    }

    /// Sends `source` up to `limit` bytes, or to its end, as `bytes` replies.
    /// - Throws: what reading the file gave.
    func sendContents(of source: Int32, limit: UInt64, path: SystemPath) throws(GuestFailure) {
        let header = Frame.headerBytes
        var left = limit
        while left > 0 {
            let wanted = min(buffer.count - header, Int(clamping: left))
            let count = Glibc.read(source, buffer.baseAddress.map { $0 + header }, wanted)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw GuestFailure(errorNumber: errno, path.text) }
            if count == 0 { return }
            buffer.storeBytes(of: UInt32(count).littleEndian, as: UInt32.self)
            buffer[4] = Self.bytesReplyKind
            writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<(header + count)]))
            left -= UInt64(count)
        }
    }

    /// Gives the contents of all `bytes` frames to `body`, piece by piece as they come, until `end`.
    func receiveContents(_ body: (UnsafeRawBufferPointer) throws(GuestFailure) -> Void) throws(GuestFailure) {
        while let length = nextHeader() {
            var left = length
            while left > 0 {
                if position == end { fill() }
                let count = min(left, end - position)
                try body(UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)]))
                position += count
                left -= count
            }
        }
    }

    /// The length of the next `bytes` frame, nil for `end`.
    private func nextHeader() -> Int? {
        while end - position < Frame.headerBytes { fill() }
        let length = buffer.loadUnaligned(fromByteOffset: position, as: UInt32.self).littleEndian
        let kind = buffer[position + 4]
        position += Frame.headerBytes
        guard length <= WireLimits.payloadBytes else { _exit(1) }
        if kind == Self.bytesKind { return Int(length) }
        // Anything but an honest end is cut off, as everywhere.
        guard kind == GuestFollowUp.end.frame.kind, length == 0 else { _exit(1) }
        return nil
    }

    /// Waits until `other` can be read.
    /// - Returns: false when the client is gone.
    static func waitReadable(_ other: Int32) -> Bool {
        var polled = [
            pollfd(fd: other, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&polled, 2, -1) < 0 { if errno != EINTR { return false } }
        // A client that watches has nothing more to say: whatever comes is its end.
        return polled[1].revents == 0
    }

    /// Reads at least one byte more.
    private func fill() {
        if position > 0 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[position..<end]))
            end -= position
            position = 0
        }
        var count = 0
        repeat {
            count = Glibc.read(Self.descriptor, buffer.baseAddress.map { $0 + end }, buffer.count - end)
        } while count < 0 && errno == EINTR
        guard count > 0 else { _exit(0) }
        end += count
    }

    private func writeAll(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while position < bytes.count {
            let count = Glibc.write(Self.descriptor, bytes.baseAddress.map { $0 + position }, bytes.count - position)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { _exit(0) }
            position += count
        }
    }
}
