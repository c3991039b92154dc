/// Counts what an execution says, and says when it is too much.
struct OutputMeter {
    enum Verdict: Hashable {
        case pass
        /// The first that does not pass.
        case cut
        case drop
    }

    let limit: Int
    private var count = 0
    private var isCut = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func take(_ bytes: Int) -> Verdict {
        guard !isCut else { return .drop }
        guard bytes <= limit - count else {
            isCut = true
            return .cut
        }
        count += bytes
        return .pass
    }

    /// What the client is told instead of what was cut.
    var notice: String { "\n[the output of this execution is cut here, after \(count) of at most \(limit) bytes]\n" }
}
