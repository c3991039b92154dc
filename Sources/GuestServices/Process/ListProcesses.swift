import GuestProtocol

extension Guest {
    func listProcesses(_ connection: Connection) {
        for process in processes.running {
            let request = process.request
            connection.send(
                .process(
                    ProcessDescription(
                        pid: process.pid, tag: process.tag, command: request.command, arguments: request.arguments,
                        environment: request.environment, workingDirectory: request.workingDirectory)))
        }
        connection.finish(.end)
    }
}
