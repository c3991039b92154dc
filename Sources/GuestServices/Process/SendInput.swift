import GuestProtocol

extension Guest {
    func sendInput(
        _ selector: ProcessSelector, _ input: ProcessInput, _ connection: Connection
    ) throws(GuestFailure) {
        connection.feed(try processes.findRunning(selector), input, isStream: false)
    }

    func streamInput(_ selector: ProcessSelector, _ connection: Connection) throws(GuestFailure) {
        let process = try processes.findRunning(selector)
        connection.send(.ok)
        connection.stream(to: process)
    }

    func closeInput(_ selector: ProcessSelector, _ connection: Connection) throws(GuestFailure) {
        try processes.findRunning(selector).closeInput()
        connection.finish(.ok)
    }
}
