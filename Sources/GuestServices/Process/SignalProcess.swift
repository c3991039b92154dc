import GuestProtocol

extension Guest {
    private static let signals: ClosedRange<UInt8> = 1...64

    func signal(_ selector: ProcessSelector, _ number: UInt8, _ connection: Connection) throws(GuestFailure) {
        guard Self.signals.contains(number) else {
            throw GuestFailure(.invalidArgument, "signal \(number) is not in \(Self.signals)")
        }
        let process = try processes.findRunning(selector)
        guard process.signal(Int32(number)) else {
            throw GuestFailure(.notFound, "process with pid \(process.pid) has ended")
        }
        connection.finish(.ok)
    }
}
