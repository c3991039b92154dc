import GuestProtocol

extension Guest {
    /// One that has just ended is told at once.
    func attach(_ selector: ProcessSelector, _ connection: Connection) throws(GuestFailure) {
        switch try processes.find(selector) {
        case .running(let process): connection.observe(process)
        case .ended(let pid, let exit):
            connection.send(.started(pid))
            connection.finish(.exited(exit))
        }
    }
}
