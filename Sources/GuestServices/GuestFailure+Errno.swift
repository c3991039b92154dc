import Glibc
import GuestProtocol
import LinuxSystem
import WireCoding

extension GuestFailure {
    /// What an errno means to a client, with the path or the thing it was about.
    init(errorNumber: Int32, _ subject: String) {
        let reason = String(cString: strerror(errorNumber))
        self.init(Self.code(of: errorNumber), "\(subject): \(reason)", errorNumber: errorNumber)
    }

    init(_ error: SyscallError) {
        self.init(errorNumber: error.number, error.path ?? error.call)
    }

    private static func code(of errorNumber: Int32) -> Code {
        switch errorNumber {
        case ENOENT: .notFound
        case EEXIST: .alreadyExists
        case EACCES, EPERM, EROFS: .permissionDenied
        case ENOSPC, EDQUOT: .noSpace
        case EINVAL, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP, ENXIO, EPROTOTYPE: .invalidArgument
        case EMFILE, ENFILE, ENOMEM, EAGAIN, ENOBUFS: .resourceExhausted
        case ENOSYS, EOPNOTSUPP: .notSupported
        case ECONNREFUSED: .connectionRefused
        default: .other
        }
    }

    /// The kernel would end a text at its first NUL, and so see another one than the client sent.
    static func refuseNUL(_ text: String, field: String) throws(GuestFailure) {
        if text.utf8.contains(0) { throw GuestFailure(.invalidArgument, "\(field) contains a NUL byte") }
    }

    static func refuseBadVariables(_ pairs: [WirePair], field: String) throws(GuestFailure) {
        for pair in pairs {
            try refuseNUL(pair.name, field: "\(field) name")
            try refuseNUL(pair.value, field: "\(field) '\(pair.name)'")
            if pair.name.isEmpty || pair.name.utf8.contains(UInt8(ascii: "=")) {
                throw GuestFailure(.invalidArgument, "\(field) name '\(pair.name)' is empty or contains '='")
            }
        }
    }
}
