import CLinux
import Glibc

/// What the layers of a sandbox stand on.
enum StorageProbes {
    static func take() -> [HostProbe] {
        [
            Refusal.probe(
                "overlayfs in a user namespace", nb_probe_overlay(), detail: "mounted with userxattr and written to",
                mend: "use Linux 5.11 or later with CONFIG_OVERLAY_FS"),
            Refusal.probe(
                "erofs straight from a file", erofs(), detail: "mounted",
                mend: "use Linux 6.12 or later with CONFIG_EROFS_FS_BACKED_BY_FILE; run as root"),
            Refusal.probe(
                "idmapped mounts", nb_probe_idmap(), detail: "a tmpfs shown under other ids",
                mend: "use Linux 6.3 or later; run as root"),
            Refusal.probe(
                "loop devices", nb_probe_loop(), detail: "one is free",
                mend: "load the module loop and run as root"),
        ]
    }

    private static let directory = "/var/tmp"

    /// tmpfs files cannot be mounted, so the image lies on a disk, without a name.
    private static func erofs() -> Int32 {
        let file = directory.withCString { name in
            let place = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { if place >= 0 { close(place) } }
            return nb_file_without_name(place, 0o600)
        }
        guard file >= 0 else { return errno }
        defer { close(file) }
        let image = EmptyErofs.image
        guard write(file, image, image.count) == image.count else { return errno }
        return nb_probe_erofs(file)
    }
}

/// The smallest erofs image: one block, an empty root directory; as `mkfs.erofs -T0` makes it.
enum EmptyErofs {
    static var image: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        bytes.replaceSubrange(0x400..<0x400 + superblock.count, with: superblock)
        bytes.replaceSubrange(0x480..<0x480 + root.count, with: root)
        return bytes
    }

    private static let superblock: [UInt8] = [
        0xe2, 0xe1, 0xf5, 0xe0, 0x77, 0x64, 0x1e, 0xf1, 0x03, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x24, 0x00,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ]
    private static let root: [UInt8] = [
        0x04, 0x00, 0x00, 0x00, 0xed, 0x41, 0x02, 0x00, 0x1b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x24, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18, 0x00, 0x02, 0x00, 0x24, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x19, 0x00, 0x02, 0x00, 0x2e, 0x2e, 0x2e, 0x00, 0x00, 0x00, 0x00, 0x00,
    ]
}
