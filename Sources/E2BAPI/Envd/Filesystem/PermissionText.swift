/// An `st_mode` the way Go writes a `fs.FileMode`, which is what clients show: `-rw-r--r--`, `drwxr-xr-x`,
/// `Lrwxrwxrwx`, `dtrwxrwxrwx`.
struct PermissionText: CustomStringConvertible {
    let mode: UInt32

    var description: String {
        let marks = typeMarks + specialMarks
        return (marks.isEmpty ? "-" : marks) + permissions
    }

    private var typeMarks: String {
        switch mode & 0o170000 {
        case 0o040000: "d"
        case 0o120000: "L"
        case 0o060000: "D"
        case 0o020000: "Dc"
        case 0o010000: "p"
        case 0o140000: "S"
        default: ""
        }
    }

    /// Go writes `c` behind `u` and `g`, but no character device has those in practice.
    private var specialMarks: String {
        (mode & 0o4000 != 0 ? "u" : "") + (mode & 0o2000 != 0 ? "g" : "") + (mode & 0o1000 != 0 ? "t" : "")
    }

    private var permissions: String {
        String("rwxrwxrwx".enumerated().map { index, letter in mode & (0o400 >> UInt32(index)) != 0 ? letter : "-" })
    }
}
