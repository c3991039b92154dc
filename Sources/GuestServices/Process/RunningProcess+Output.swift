import Glibc
import GuestProtocol

/// From the pipes into the log, from the log to whoever is attached. A client that does not read fills the log, a full
/// log stops the reading of the pipes, and full pipes stop the process. With nobody attached output is dropped.
extension RunningProcess {
    /// Attaches a client to what comes from now on.
    func attach(_ connection: Connection) {
        connection.cursor = log.end
        observers.append(connection)
        guard pid != 0 else { return }
        connection.send(.started(pid))
        if unattendedBytes > 0 { connection.send(.missed(unattendedBytes)) }
        unattendedBytes = 0
        pump(connection)
    }

    /// A client is gone; the process stays.
    func detach(_ connection: Connection) {
        observers.removeAll { $0 === connection }
        input?.queue.cancel(owner: connection)
        makeRoom()
    }

    /// Gives `connection` as much as it takes now.
    func pump(_ connection: Connection) {
        while connection.takesMore, let step = log.next(&connection.cursor) {
            switch step {
            case .missed(let count): connection.send(.missed(count))
            case .output(let output): connection.send(.output(output))
            }
        }
        if case .ended(let exit) = state, connection.cursor == log.end, !connection.isFinishing {
            observers.removeAll { $0 === connection }
            connection.finish(.exited(exit))
        }
        makeRoom()
    }

    func deliver() {
        if case .starting = state { return }
        // A copy, since a client that turns out to be gone takes itself out.
        for connection in Array(observers) { pump(connection) }
        makeRoom()
    }

    func readOutput(number: Int32) {
        if let index = outputs.firstIndex(where: { $0.number == number }) { readOutput(index) }
    }

    /// One read, so that no process keeps the others waiting; after the process has ended, all that may be taken.
    func readOutput(_ index: Int) {
        repeat {
            let limit = min(log.room, loop.scratch.count, outputs[index].remaining ?? .max)
            guard outputs[index].isOpen, limit > 0 else { break }
            let count = read(outputs[index].number, loop.scratch.baseAddress, limit)
            if count > 0 {
                outputs[index].took(count)
                log.append(outputs[index].channel, UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
                deliver()
            } else if count < 0, errno == EAGAIN {
                outputs[index].foundEmpty()
                break
            } else if count == 0 || errno != EINTR {
                // EIO is how a terminal says that nobody has its other side open.
                closeOutput(index)
            }
        } while outputs.indices.contains(index) && outputs[index].remaining ?? 0 > 0 && outputs[index].isOpen
        refreshInterest()
        endIfDrained()
    }

    /// Drops what everyone has read, and listens again to pipes that waited for room.
    private func makeRoom() {
        if observers.isEmpty { unattendedBytes += log.end - log.start }
        log.discard(before: observers.map(\.cursor).min() ?? log.end)
        refreshInterest()
    }

    private func closeOutput(_ index: Int) {
        if input?.number == outputs[index].number {
            closeInput(because: GuestFailure(.other, "the process does not read its input", errorNumber: EPIPE))
        }
        loop.unwatch(outputs[index].number)
        outputs[index].close()
    }

    func refreshInterest() {
        for output in outputs where output.isOpen {
            var interest: Interest = log.room > 0 && output.remaining != 0 ? .read : []
            if let input, input.number == output.number, !input.queue.isEmpty { interest.insert(.write) }
            loop.watch(output.number, for: interest, self)
        }
        if let input, !input.isTerminal {
            loop.watch(input.number, for: input.queue.isEmpty ? [] : .write, self)
        }
    }
}
