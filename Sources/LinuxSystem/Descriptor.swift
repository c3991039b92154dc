import Glibc

/// A file descriptor with one owner; closed when the owner lets go of it.
public struct Descriptor: ~Copyable {
    public let number: Int32

    /// Takes over `number`, which must be open and nobody else's.
    public init(owning number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Gives the descriptor away: the caller closes it.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }
}
