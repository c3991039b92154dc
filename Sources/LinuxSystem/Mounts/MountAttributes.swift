import CLinux

/// What a mount does not allow, whatever its file system says.
public struct MountAttributes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let readOnly = MountAttributes(rawValue: NB_READ_ONLY)
    public static let noSetUID = MountAttributes(rawValue: NB_NO_SETUID)
    public static let noDevices = MountAttributes(rawValue: NB_NO_DEVICES)
    public static let noExecution = MountAttributes(rawValue: NB_NO_EXEC)
}
