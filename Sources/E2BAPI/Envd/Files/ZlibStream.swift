import CZlib
import NIOCore

/// A code of zlib's that means that nothing more comes.
struct ZlibError: Error, Hashable {
    let code: Int32
}

/// zlib's state, which it wants at one address.
final class ZlibStream {
    static let pieceBytes = 64 << 10

    let state: UnsafeMutablePointer<z_stream>

    init() {
        state = .allocate(capacity: 1)
        state.initialize(to: z_stream())
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Runs `turn` once over what `input` has, taking what it takes, and appends at most a piece to `output`.
    func step(
        _ input: inout ByteBuffer, into output: inout ByteBuffer, _ turn: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> (code: Int32, isFull: Bool) {
        var code = Z_OK
        var taken = 0
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceBytes) { target in
            input.withUnsafeReadableBytes { source in
                let length = min(source.count, Int(UInt32.max))
                state.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
                state.pointee.avail_in = UInt32(length)
                state.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                state.pointee.avail_out = UInt32(Self.pieceBytes)
                code = turn(state)
                taken = length - Int(state.pointee.avail_in)
                return Self.pieceBytes - Int(state.pointee.avail_out)
            }
        }
        input.moveReaderIndex(forwardBy: taken)
        return (code, written == Self.pieceBytes)
    }
}
