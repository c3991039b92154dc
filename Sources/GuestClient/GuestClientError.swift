import Glibc
import GuestProtocol
import NIOCore

/// Why an operation in a sandbox did not come to its end.
public enum GuestClientError: Error, Hashable, Sendable {
    /// Nobody listens at the socket: the sandbox is over, or about to be.
    case unreachable(String)
    /// Neither a connection nor an answer within the limit.
    case timedOut(GuestClientPhase)
    /// The guest said what no honest guest says; its connection was closed.
    case protocolViolation(String)
    /// The guest hung up before it had answered.
    case hungUp
    /// The guest answered that it could not, and why.
    case failure(GuestFailure)
    /// The request does not fit into a frame; nothing was sent.
    case requestTooLong(length: Int, limit: Int)
    /// The caller's task was cancelled.
    case cancelled
    /// The transport failed; the text is for the log.
    case transport(String)
}

public enum GuestClientPhase: Hashable, Sendable {
    case connecting
    case awaitingReply
}

extension GuestClientError {
    /// Gives any error that NIO or the task can throw its name here.
    init(naming error: any Error) {
        self = switch error {
        case let known as GuestClientError: known
        case is CancellationError: .cancelled
        case let broken as IOError where [ECONNRESET, EPIPE].contains(broken.errnoCode): .hungUp
        case ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed: .hungUp
        default: .transport(String(describing: error))
        }
    }
}
