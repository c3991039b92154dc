import GuestProtocol

extension Guest {
    func start(_ request: StartProcess, _ connection: Connection) throws(GuestFailure) {
        let plan = try LaunchPlan(request, configuration: configuration, accounts: accounts.load())
        let launch = try plan.launch(commandLimits.beside(processes))
        let process = RunningProcess(launch, table: processes)
        processes.add(process, supervisor: launch.supervisor)
        connection.observe(process)
    }
}
