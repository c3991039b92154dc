import CLinux
import GuestProtocol
import LinuxSystem

extension Guest {
    func resize(
        _ selector: ProcessSelector, _ size: TerminalSize, _ connection: Connection
    ) throws(GuestFailure) {
        let process = try processes.findRunning(selector)
        guard let terminal = process.outputs.first, terminal.channel == .terminal, terminal.isOpen else {
            throw GuestFailure(.wrongChannel, "process \(process.pid) has no terminal")
        }
        do {
            try check("TIOCSWINSZ") { guest_resize_terminal(terminal.number, size.columns, size.rows) }
        } catch {
            throw GuestFailure(error)
        }
        connection.finish(.ok)
    }
}
