import KernelProtocol
import NIOCore
import Synchronization

/// Code and the variables that are set while it runs, within the limits, and its share of the sandbox's budget. To be
/// executed once.
public final class ExecutableCode: Sendable {
    let share: BudgetShare
    private let frame: Mutex<ByteBuffer?>

    /// - Parameter body: bytes that `share` counts for what the code was read from, which is held no more.
    /// - Throws: `requestTooLong`, or `budgetIsUsedUp`.
    public init(
        _ code: String, environment: [String: String], share: BudgetShare, body: Int = 0
    ) throws(InterpreterError) {
        guard let frame = KernelRequest.execute(code: code, environment: environment).frame else {
            throw .requestTooLong(limit: KernelLimits.requestBytes)
        }
        share.change(by: -body)
        try share.take(frame.count)
        self.share = share
        self.frame = Mutex(ByteBuffer(bytes: frame))
    }

    /// The frame for the kernel; nil once it was let go.
    var request: ByteBuffer? { frame.withLock { $0 } }

    /// Nobody will need the frame any more.
    func letGo() {
        guard let request = frame.withLock({ $0.take() }) else { return }
        share.change(by: -request.readableBytes)
    }
}
