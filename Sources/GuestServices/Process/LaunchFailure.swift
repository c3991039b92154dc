import CLinux
import Glibc
import GuestProtocol

/// Which step between fork and exec failed, as a sentence for the client.
struct LaunchFailure {
    let step: Int32
    let errorNumber: Int32

    func failure(of request: StartProcess, directory: String) -> GuestFailure {
        switch UInt32(bitPattern: step) {
        case GUEST_STEP_DIRECTORY.rawValue: directoryFailure(directory)
        case GUEST_STEP_EXEC.rawValue: commandFailure(request.command)
        case GUEST_STEP_GROUPS.rawValue, GUEST_STEP_USER.rawValue:
            GuestFailure(errorNumber: errorNumber, "cannot become user '\(request.user ?? "")'")
        case GUEST_STEP_TERMINAL.rawValue: GuestFailure(errorNumber: errorNumber, "cannot take the terminal")
        case GUEST_STEP_FORK.rawValue: GuestFailure(errorNumber: errorNumber, "cannot fork")
        default: GuestFailure(errorNumber: errorNumber, "cannot start '\(request.command)'")
        }
    }

    private func directoryFailure(_ directory: String) -> GuestFailure {
        switch errorNumber {
        case ENOENT:
            GuestFailure(.invalidArgument, "cwd '\(directory)' does not exist", errorNumber: errorNumber)
        case ENOTDIR:
            GuestFailure(.invalidArgument, "cwd '\(directory)' is not a directory", errorNumber: errorNumber)
        default: GuestFailure(errorNumber: errorNumber, "cwd '\(directory)'")
        }
    }

    private func commandFailure(_ command: String) -> GuestFailure {
        switch errorNumber {
        case ENOENT, ENOTDIR:
            GuestFailure(.notFound, "command '\(command)' not found", errorNumber: errorNumber)
        case ENOEXEC:
            GuestFailure(.invalidArgument, "command '\(command)' is not executable here", errorNumber: errorNumber)
        case E2BIG:
            GuestFailure(.invalidArgument, "arguments and environment are too long", errorNumber: errorNumber)
        default: GuestFailure(errorNumber: errorNumber, "command '\(command)'")
        }
    }
}
