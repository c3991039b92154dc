import GuestProtocol
import NIOCore

/// What the guest says, with the payload of byte streams left in the buffer it was received in.
public enum GuestMessage: Sendable {
    /// Any reply but the two below.
    case reply(GuestReply)
    case output(ProcessOutput.Channel, ByteBuffer)
    /// A piece of `GuestReply.bytes`: as much of a frame as was there, never empty.
    case bytes(ByteBuffer)
    /// Nothing came for as long as `GuestExchange` was asked to wait.
    case idle
}
