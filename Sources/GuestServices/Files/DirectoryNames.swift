import CLinux
import Glibc
import GuestProtocol

/// What is in an open directory.
enum DirectoryNames {
    /// A name with what the directory says of its type: one of the `DT_` numbers.
    struct Name {
        let path: SystemPath
        let type: UInt8
    }

    /// In no order. Takes over `descriptor`.
    static func read(_ descriptor: Int32, path: SystemPath) throws(GuestFailure) -> [Name] {
        guard let directory = fdopendir(descriptor) else {
            let number = errno
            close(descriptor)
            throw GuestFailure(errorNumber: number, path.text)
        }
        defer { closedir(directory) }
        var names: [Name] = []
        var type: UInt8 = 0
        while let name = guest_next_name(directory, &type) {
            names.append(Name(path: SystemPath(cString: name), type: type))
        }
        if errno != 0 { throw GuestFailure(errorNumber: errno, path.text) }
        return names
    }

    /// Opens a directory itself, never what a link at its place leads to.
    static func open(at parent: Int32, _ name: SystemPath) -> Int32 {
        name.withCString { openat(parent, $0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) }
    }
}
