import CLinux
import Glibc
import LinuxSystem

/// Makes unix sockets that only the server may connect to. The directory may be the server's own, so nothing is done by
/// a name that it could have swapped.
struct ServiceSocket {
    let directory: Int32
    let ownerID: UInt32
    let ownerGroupID: UInt32

    init(_ place: borrowing SpawnerPlace, _ options: SpawnerOptions) {
        self.init(directory: place.sockets.number, options)
    }

    init(directory: Int32, _ options: SpawnerOptions) {
        self.directory = directory
        ownerID = options.ownerID
        ownerGroupID = options.ownerGroupID
    }

    /// Listens at `name`, in place of what a dead process may have left there.
    func listen(_ name: String, type: Int32, backlog: Int32) throws(SyscallError) -> Descriptor {
        try remove(name)
        let socket = Descriptor(
            owning: try check("listen", path: name) { nb_listen_at(directory, name, type, backlog) })
        do {
            try check("chown", path: name) { nb_give_socket(directory, name, ownerID, ownerGroupID) }
        } catch {
            try? remove(name)  // the cause is thrown
            throw error
        }
        return socket
    }

    /// Gone already is no error.
    func remove(_ name: String) throws(SyscallError) {
        if unlinkat(directory, name, 0) != 0, errno != ENOENT { throw SyscallError("unlink", path: name) }
    }
}
