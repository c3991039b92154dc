import CLinux
import Glibc

/// What the layers of a sandbox stand on.
enum StorageProbes {
    static func take() -> [HostProbe] {
        [
            Refusal.probe(
                "overlayfs in a user namespace", nb_probe_overlay(), detail: "mounted with userxattr and written to",
                mend: "use Linux 5.11 or later with CONFIG_OVERLAY_FS")
        ] + layers() + [
            Refusal.probe(
                "loop devices", nb_probe_loop(), detail: "one is free",
                mend: "load the module loop and run as root")
        ]
    }

    private static let directory = "/var/tmp"

    /// A sealed layer, mounted as the spawner does, and shown under a sandbox's ids.
    private static func layers() -> [HostProbe] {
        let image = erofsFile()
        let unwritten = errno
        defer { if image >= 0 { close(image) } }
        let straight = image < 0 ? unwritten : nb_probe_straight_mount(image)
        let layer = image < 0 ? unwritten : nb_probe_layer(image, 0)
        return [
            Refusal.probe(
                "erofs layers", layer,
                detail: straight == 0
                    ? "mounted straight from a file" : "mounted over a loop device; Linux 6.12 does without",
                mend: "use Linux 5.19 or later with CONFIG_EROFS_FS, or load the modules erofs and loop; run as root"),
            Refusal.probe(
                "idmapped mounts", image < 0 ? unwritten : nb_probe_layer(image, 1),
                detail: "a layer shown under other ids", mend: "use Linux 5.19 or later; run as root"),
        ]
    }

    /// tmpfs files cannot be mounted, so the image lies on a disk, without a name.
    /// - Returns: -1 with `errno` set if it cannot be written.
    private static func erofsFile() -> Int32 {
        let file = directory.withCString { name in
            let place = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { if place >= 0 { close(place) } }
            return nb_file_without_name(place, 0o600)
        }
        guard file >= 0 else { return -1 }
        let image = EmptyErofs.image
        if write(file, image, image.count) == image.count { return file }
        close(file)
        return -1
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
