import Edge
import Glibc
import LinuxSystem

/// The operator's own certificate and key: opened by the half of the server that has root, read by the other.
final class TLSFiles {
    private let certificate: Descriptor
    private let key: Descriptor

    /// - Returns: nil if the settings name none.
    init?(_ settings: Settings) throws(ServeError) {
        guard let certificatePath = settings.tlsCertificate, let keyPath = settings.tlsKey else { return nil }
        certificate = try Self.open(certificatePath, .tlsCertificate)
        key = try Self.open(keyPath, .tlsKey)
    }

    /// For the other half.
    var handed: [(number: Int32, ours: Int32)] {
        [
            (ServerHandover.tlsCertificateDescriptor, certificate.number),
            (ServerHandover.tlsKeyDescriptor, key.number),
        ]
    }

    private static func open(_ path: String, _ setting: SettingKey) throws(ServeError) -> Descriptor {
        Descriptor(
            owning: try ServeError.check("\(setting.rawValue): open", path) {
                Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
            })
    }

    /// What was handed over, checked.
    /// - Returns: nil if the settings name none.
    static func received(_ settings: Settings) throws(TLSError) -> GivenCertificate? {
        guard let certificatePath = settings.tlsCertificate, let keyPath = settings.tlsKey else { return nil }
        let (certificate, key) = (ServerHandover.tlsCertificateDescriptor, ServerHandover.tlsKeyDescriptor)
        defer { for descriptor in [certificate, key] { close(descriptor) } }
        return try GivenCertificate(
            certificate: GivenCertificate.File(descriptor: certificate, path: certificatePath),
            key: GivenCertificate.File(descriptor: key, path: keyPath))
    }
}
