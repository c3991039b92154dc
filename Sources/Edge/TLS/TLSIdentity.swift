import Crypto
import FoundationEssentials
import Logging
import NIOSSL
import Synchronization
import X509

/// With what the listener proves who it is. Renewed while connections are served: new handshakes use the new
/// certificate, those that are done are not touched.
public final class TLSIdentity: Sendable {
    /// Of a certificate of our own authority. Clients refuse more than 825 days.
    static let leafLifetime: TimeInterval = 90 * 86_400
    /// How often a certificate is issued anew.
    static let renewalInterval = Duration.seconds(86_400)

    private let current: Mutex<NIOSSLContext>
    private let make: @Sendable () throws -> NIOSSLContext

    /// A certificate of the installation's own authority.
    public convenience init(authority: CertificateAuthority, names: ServerNames) throws {
        try self.init {
            try Self.context(authority.issue(to: names, validFor: Self.leafLifetime, now: Date()))
        }
    }

    /// The operator's own, for as long as the server lives.
    public convenience init(given: GivenCertificate) throws {
        let context = try Self.context(chain: given.chain, key: given.key)
        try self.init { context }
    }

    private init(_ make: @escaping @Sendable () throws -> NIOSSLContext) throws {
        current = Mutex(try make())
        self.make = make
    }

    var context: NIOSSLContext {
        current.withLock { $0 }
    }

    /// Renews again and again until it is cancelled. A renewal that fails leaves what there was.
    func renewing(logger: Logger) async {
        while true {
            do {
                try await Task.sleep(for: Self.renewalInterval)
            } catch {
                return
            }
            do {
                let renewed = try make()
                current.withLock { $0 = renewed }
            } catch {
                logger.error("The TLS certificate was not renewed.", metadata: ["error": "\(error)"])
            }
        }
    }

    private static func context(_ issued: IssuedCertificate) throws -> NIOSSLContext {
        try context(
            chain: [NIOSSLCertificate(bytes: Array(issued.certificate.serializeAsPEM().pemString.utf8), format: .pem)],
            key: NIOSSLPrivateKey(bytes: Array(issued.key.pemRepresentation.utf8), format: .pem))
    }

    private static func context(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}
