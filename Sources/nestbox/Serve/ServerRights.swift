import CLinux
import Glibc

/// The way from root to an unprivileged user, taken before anything else runs. What the server is to reach lies in a
/// mount namespace of its own afterwards, so that it needs no right to any directory above: the data directory may lie
/// in somebody's home.
enum ServerRights {
    /// Exists on every Linux, and hides nothing that the server needs.
    private static let place = "/mnt"
    static let data = "/mnt/data"
    static let templates = "/mnt/templates"

    /// On return the process is the unprivileged user's for good, and dies with its parent.
    static func drop(_ handover: ServerHandover) throws(ServeError) {
        umask(0o077)
        let dataMount = try copy(ServerHandover.dataDescriptor, readOnly: false)
        let templatesMount = try copy(ServerHandover.templatesDescriptor, readOnly: true)
        try ServeError.check("make private mounts", place) { nb_make_private_place(place) }
        try show(dataMount, at: data)
        try show(templatesMount, at: templates)
        try ServeError.check("chdir", "/") { chdir("/") }
        try ServeError.check("give up root", "uid \(handover.user.uid)") {
            nb_become_user(handover.user.uid, handover.user.gid, handover.monitor)
        }
    }

    private static func copy(_ directory: Int32, readOnly: Bool) throws(ServeError) -> Int32 {
        defer { close(directory) }
        return try ServeError.check("copy mount", "descriptor \(directory)") {
            nb_copy_directory(directory, readOnly ? 1 : 0)
        }
    }

    private static func show(_ mount: Int32, at path: String) throws(ServeError) {
        defer { close(mount) }
        try ServeError.check("mount", path) { nb_show_directory(mount, path) }
    }
}
