/// The names that requests may use for sandboxes, families, hosts and instances: they become names of files, cgroups
/// and hosts, so nothing in them means anything to any of those.
public enum SandboxName {
    public static let lengthRange = 1...64
    public static let rule = "1 to 64 of a-z, 0-9 and -"

    public static func isValid(_ name: String) -> Bool {
        lengthRange.contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }
}
