import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate that the operator gives, with its chain and its key: one that exists is good now.
public struct GivenCertificate: Sendable {
    /// Of each of the two files.
    static let sizeLimit = 64 << 10

    public let endsAt: Date
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    private let leaf: Certificate

    /// A file that is open already: who reads it may have no right to open it.
    public struct File: Sendable {
        let descriptor: Int32
        let path: String

        /// - Parameter path: for what is said about it.
        public init(descriptor: Int32, path: String) {
            self.descriptor = descriptor
            self.path = path
        }
    }

    /// - Parameters:
    ///   - certificate: PEM, the server's own certificate first, then those that lead to its authority.
    ///   - key: PEM, not encrypted, readable by its owner and its group at most.
    /// - Throws: `TLSError` naming the file: it cannot be read, is not PEM, the key is not the certificate's, or the
    ///   certificate is not good at `now`.
    public init(certificate: File, key keyFile: File, now: Date = Date()) throws(TLSError) {
        let documents = try Self.documents(certificate)
        leaf = try Self.certificate(documents[0], certificate.path)
        endsAt = leaf.notValidAfter
        guard leaf.notValidBefore <= now else {
            throw .refused(path: certificate.path, reason: "is not valid before \(Self.text(leaf.notValidBefore))")
        }
        guard now < leaf.notValidAfter else {
            throw .refused(path: certificate.path, reason: "has expired on \(Self.text(leaf.notValidAfter))")
        }
        let keyText = try PrivateFile.text(of: keyFile.descriptor, keyFile.path, forbidding: 0o007)
        let own: Certificate.PrivateKey
        do {
            own = try Certificate.PrivateKey(pemEncoded: keyText)
            key = try NIOSSLPrivateKey(bytes: Array(keyText.utf8), format: .pem)
            chain = try documents.map { try NIOSSLCertificate(bytes: $0.derBytes, format: .der) }
        } catch {
            throw .refused(path: keyFile.path, reason: "holds no key that can be used: PEM, not encrypted")
        }
        guard own.publicKey == leaf.publicKey else {
            throw .refused(path: keyFile.path, reason: "is not the key of \(certificate.path)")
        }
    }

    /// Names that clients reach sandboxes by and that the certificate is not for.
    public func namesMissing(_ names: ServerNames) -> [String] {
        // One without names, or with names that cannot be read, is for none.
        let known = (try? leaf.extensions.subjectAlternativeNames)??.compactMap { name -> String? in
            if case .dnsName(let text) = name { text.lowercased() } else { nil }
        }
        return names.wanted.filter { !(known ?? []).contains($0) }
    }

    private static func documents(_ file: File) throws(TLSError) -> [PEMDocument] {
        let text = try PrivateFile.text(of: file.descriptor, file.path, forbidding: 0)
        let documents = (try? PEMDocument.parseMultiple(pemString: text)) ?? []  // not PEM is none
        guard !documents.isEmpty else { throw .refused(path: file.path, reason: "holds no certificate in PEM") }
        return documents
    }

    private static func certificate(_ document: PEMDocument, _ path: String) throws(TLSError) -> Certificate {
        do {
            return try Certificate(pemDocument: document)
        } catch {
            throw .refused(path: path, reason: "does not begin with a certificate: \(error)")
        }
    }

    private static func text(_ moment: Date) -> String {
        moment.formatted(.iso8601)
    }
}
