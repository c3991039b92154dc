import CLinux
import Glibc
import GuestProtocol

/// Bytes waiting to get into a process's pipe or terminal, in the order in which they were asked for.
struct InputQueue {
    /// Bytes that wait at most, for all who ask together.
    static let byteLimit = 1 << 20

    /// One request: `completion` is told once, with nil when the last byte is in.
    private struct Job {
        var bytes: OutgoingBytes
        let owner: ObjectIdentifier
        let completion: (GuestFailure?) -> Void
    }

    private var jobs: [Job] = []
    private var waiting = 0
    private(set) var isClosing = false

    var isEmpty: Bool { jobs.isEmpty }

    /// - Throws: `resourceExhausted` if too much is waiting already.
    mutating func add(
        _ bytes: [UInt8], owner: AnyObject, completion: @escaping (GuestFailure?) -> Void
    ) throws(GuestFailure) {
        guard waiting + bytes.count <= Self.byteLimit else {
            throw GuestFailure(
                .resourceExhausted, "more than \(Self.byteLimit) bytes of input wait to be read by the process")
        }
        var outgoing = OutgoingBytes()
        outgoing.append(bytes)
        waiting += bytes.count
        jobs.append(Job(bytes: outgoing, owner: ObjectIdentifier(owner), completion: completion))
    }

    /// Forgets what `owner`, who is gone, still wanted to write.
    mutating func cancel(owner: AnyObject) {
        let identifier = ObjectIdentifier(owner)
        jobs.removeAll { $0.owner == identifier }
        waiting = jobs.reduce(0) { $0 + $1.bytes.count }
    }

    mutating func closeWhenEmpty() {
        isClosing = true
    }

    /// Writes what the descriptor takes.
    /// - Returns: what is to be told to whom; the caller calls them, since they may come back here.
    mutating func write(to descriptor: Int32) -> [() -> Void] {
        var told: [() -> Void] = []
        while !jobs.isEmpty {
            let before = jobs[0].bytes.count
            let outcome = jobs[0].bytes.write(to: descriptor)
            waiting -= before - jobs[0].bytes.count
            switch outcome {
            case .blocked: return told
            case .done:
                let job = jobs.removeFirst()
                told.append { job.completion(nil) }
            case .failed(let number):
                return told + fail(GuestFailure(.other, "the process does not read its input", errorNumber: number))
            }
        }
        return told
    }

    /// Empties the queue.
    /// - Returns: what is to be told.
    mutating func fail(_ failure: GuestFailure) -> [() -> Void] {
        let failed = jobs
        jobs = []
        waiting = 0
        return failed.map { job in { job.completion(failure) } }
    }
}
