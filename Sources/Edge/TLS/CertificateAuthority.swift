import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// The installation's own certificate authority. Its key never leaves `DIR/tls`, its certificate is what clients are
/// given to trust.
public struct CertificateAuthority: Sendable {
    /// Below the data directory.
    static let keyPath = "tls/ca.key"
    public static let certificatePath = "ca.pem"
    static let lifetime: TimeInterval = 10 * 365 * 86_400
    /// A certificate with less life left is written anew, for the same key.
    static let renewedBefore: TimeInterval = 365 * 86_400
    /// Clocks of clients may be this much behind.
    static let backdating: TimeInterval = 3600

    let certificate: Certificate
    private let key: Certificate.PrivateKey

    /// Finds the authority in the data directory, or makes one there.
    /// - Throws: if a file cannot be read or written, or if the key is readable by others.
    public static func load(dataDirectory: String, now: Date = Date()) throws -> CertificateAuthority {
        let keyFile = PrivateFile(path: "\(dataDirectory)/\(keyPath)")
        let key: P256.Signing.PrivateKey
        if let pem = try keyFile.read() {
            key = try P256.Signing.PrivateKey(pemRepresentation: pem)
        } else {
            key = P256.Signing.PrivateKey()
            try keyFile.create(key.pemRepresentation)
        }
        let certificateFile = "\(dataDirectory)/\(certificatePath)"
        // One that is not there, or cannot be read, is made anew as an old one is.
        if let authority = try? CertificateAuthority(key: key, pem: PrivateFile.text(at: certificateFile)),
            authority.certificate.notValidAfter > now + renewedBefore
        {
            return authority
        }
        // Not there, not of this key, or at its end: written anew.
        let authority = try CertificateAuthority(key: key, now: now)
        try PrivateFile.replace(
            certificateFile, with: authority.certificate.serializeAsPEM().pemString + "\n", mode: 0o644)
        return authority
    }

    /// - Throws: if the certificate is not this key's.
    private init(key: P256.Signing.PrivateKey, pem: String) throws {
        self.key = Certificate.PrivateKey(key)
        certificate = try Certificate(pemEncoded: pem)
        guard certificate.publicKey == self.key.publicKey else { throw TLSError.foreignCertificate }
    }

    init(key: P256.Signing.PrivateKey, now: Date) throws {
        let key = Certificate.PrivateKey(key)
        let identifier = SubjectKeyIdentifier(hash: key.publicKey)
        let mark = identifier.keyIdentifier.prefix(4).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        // The mark tells installations apart in a client's list of authorities.
        let name = try DistinguishedName {
            OrganizationName("Nestbox")
            CommonName("Nestbox installation \(mark.joined())")
        }
        self.key = key
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now - Self.backdating, notValidAfter: now + Self.lifetime, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                identifier
                AuthorityKeyIdentifier(keyIdentifier: identifier.keyIdentifier)
            },
            issuerPrivateKey: key)
    }

    /// A certificate for a fresh key.
    func issue(to names: ServerNames, validFor lifetime: TimeInterval, now: Date) throws -> IssuedCertificate {
        let leafKey = P256.Signing.PrivateKey()
        let publicKey = Certificate.PublicKey(leafKey.publicKey)
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: now - Self.backdating, notValidAfter: now + lifetime, issuer: certificate.subject,
            subject: DistinguishedName { CommonName(names.domain) }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
                SubjectAlternativeNames(names.subjectAlternativeNames)
            },
            issuerPrivateKey: key)
        return IssuedCertificate(certificate: leaf, key: leafKey)
    }
}

/// A server's certificate and its key.
struct IssuedCertificate: Sendable {
    let certificate: Certificate
    let key: P256.Signing.PrivateKey
}

/// By which names the server is reached.
public struct ServerNames: Sendable, Hashable {
    let domain: String

    /// - Parameter domain: sandboxes are directly below it.
    public init(domain: String) {
        self.domain = domain.lowercased()
    }

    /// Those of the API and of every sandbox.
    var wanted: [String] { [domain, "*.\(domain)"] }

    var subjectAlternativeNames: [GeneralName] {
        let names = (wanted + ["api.\(domain)", "localhost"]).map { GeneralName.dnsName($0) }
        let addresses: [[UInt8]] = [[127, 0, 0, 1], [UInt8](repeating: 0, count: 15) + [1]]
        return names + addresses.map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
    }
}

/// Why the server cannot prove who it is.
public enum TLSError: Error, Hashable, CustomStringConvertible {
    case foreignCertificate
    case keyIsReadableByOthers(path: String, mode: UInt32)
    case file(path: String, operation: String, errno: Int32)
    /// A file of the operator's.
    case refused(path: String, reason: String)

    public var description: String {
        switch self {
        case .foreignCertificate: "the certificate does not belong to the key"
        case .keyIsReadableByOthers(let path, let mode):
            "\(path): has mode \(String(mode, radix: 8)), so that others may use the key (chmod 600 mends it)"
        case .file(let path, let operation, let errno): "\(path): \(operation) failed with errno \(errno)"
        case .refused(let path, let reason): "\(path): \(reason)"
        }
    }
}
