import Synchronization

/// How many bytes the server may hold for one sandbox's interpreter, and how many it does.
final class ByteBudget: Sendable {
    let limit: Int
    private let count = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Held now, by all shares together.
    var held: Int { count.withLock { $0 } }

    /// - Returns: false if there is no room for so many; none are taken then.
    fileprivate func take(_ bytes: Int) -> Bool {
        count.withLock { count in
            guard bytes <= limit - count else { return false }
            count += bytes
            return true
        }
    }

    fileprivate func change(by bytes: Int) {
        count.withLock { $0 += bytes }
    }
}

/// What is held for one execution. All of it is given back when nobody holds the share any more: an execution that is
/// given up, by whomever and wherever, needs no other care.
public final class BudgetShare: Sendable {
    private let budget: ByteBudget
    private let count = Atomic(0)

    /// - Throws: `budgetIsUsedUp` if there is no room even for an execution with nothing in it.
    init(of budget: ByteBudget) throws(InterpreterError) {
        self.budget = budget
        try take(InterpreterLimits.executionBytes)
    }

    deinit {
        budget.change(by: -count.load(ordering: .relaxed))
    }

    /// - Throws: `budgetIsUsedUp`; nothing is taken then.
    public func take(_ bytes: Int) throws(InterpreterError) {
        guard budget.take(bytes) else { throw .budgetIsUsedUp(limit: budget.limit) }
        count.add(bytes, ordering: .relaxed)
    }

    /// Gives back what is held no more, or counts what could not be refused: a little, or what was a frame before.
    func change(by bytes: Int) {
        guard bytes != 0 else { return }
        budget.change(by: bytes)
        count.add(bytes, ordering: .relaxed)
    }
}
