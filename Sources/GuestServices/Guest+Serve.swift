import GuestProtocol

extension Guest {
    /// Begins the one operation of a connection. The whole list of what a guest can do.
    func serve(_ request: GuestRequest, _ connection: Connection) {
        do throws(GuestFailure) {
            switch request {
            case .configure(let value): try configure(value, connection)
            case .startProcess(let value): try start(value, connection)
            case .attachProcess(let selector): try attach(selector, connection)
            case .sendInput(let selector, let input): try sendInput(selector, input, connection)
            case .streamInput(let selector): try streamInput(selector, connection)
            case .closeInput(let selector): try closeInput(selector, connection)
            case .signal(let selector, let number): try signal(selector, number, connection)
            case .resizeTerminal(let selector, let size): try resize(selector, size, connection)
            case .listProcesses: listProcesses(connection)
            case .dial(let port): dial(port, connection)
            case .dialSocket(let value): try dialSocket(value, connection)
            case .signalGroup(let pid, let number): try signalGroup(pid, number, connection)
            case .ping: connection.finish(.ok)
            case .stat, .listDirectory, .makeDirectory, .move, .remove, .readFile, .writeFile, .composeFiles,
                .watchDirectory, .diskUsage:
                try serveFile(request, connection)
            }
        } catch {
            connection.finish(.failure(error))
        }
    }

    private func configure(_ value: Configuration, _ connection: Connection) throws(GuestFailure) {
        try GuestFailure.refuseBadVariables(value.environment, field: "environment")
        try GuestFailure.refuseBadVariables(value.reservedEnvironment, field: "reserved environment")
        try GuestFailure.refuseNUL(value.defaultUser, field: "default user")
        try GuestFailure.refuseNUL(value.defaultWorkingDirectory ?? "", field: "default working directory")
        configuration = value
        connection.finish(.ok)
    }
}
