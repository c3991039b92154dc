/// Where kernels are found in a sandbox.
public enum KernelPlace {
    /// Each listens on `<contextID>.sock` here.
    public static let directory = "/run/nestbox/kernels"
    public static let suffix = ".sock"
    /// The tag of kernels that the server starts; clients neither see nor use it.
    public static let tag = "nestbox-kernel"

    public static func socket(of context: String) -> String {
        "\(directory)/\(context)\(suffix)"
    }
}
