import CLinux
import Glibc

/// The way from root to an unprivileged user, taken before anything else runs. What the server is to reach lies in a
/// mount namespace of its own afterwards, so that it needs no right to any directory above: the data directory may lie in
/// somebody's home.
enum ServerRights {
    /// Exists on every Linux, and hides nothing that the server needs.
    private static let place = "/mnt"
    static let data = "/mnt/data"
    static let templates = "/mnt/templates"

    /// On return the process is the unprivileged user's for good, and dies with its parent.
    static func drop(_ handover: ServerHandover) throws(ServeError) {
        umask(0o077)
        try ServeError.check("make private mounts", place) { nb_make_private_place(place) }
        try ServeError.check("show data directory", data) {
            nb_show_directory(ServerHandover.dataDescriptor, data, 0)
        }
        try ServeError.check("show templates", templates) {
            nb_show_directory(ServerHandover.templatesDescriptor, templates, 1)
        }
        close(ServerHandover.dataDescriptor)
        close(ServerHandover.templatesDescriptor)
        try ServeError.check("chdir", "/") { chdir("/") }
        try ServeError.check("give up root", "uid \(handover.user.uid)") {
            nb_become_user(handover.user.uid, handover.user.gid, handover.monitor)
        }
    }
}
