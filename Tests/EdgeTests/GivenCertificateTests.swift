import Crypto
import Foundation
import Glibc
import Testing
import X509

@testable import Edge

@Suite struct GivenCertificateTests {
    private static let now = Date()

    /// Lends two files, and the certificate that is made of them.
    private static func given(
        _ certificate: String, _ key: String, mode: Int = 0o600, at moment: Date = now,
        _ body: (() throws -> GivenCertificate) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            var files: [GivenCertificate.File] = []
            for (name, text) in [("certificate", certificate), ("key", key)] {
                let path = "\(directory)/\(name)"
                try Data(text.utf8).write(to: URL(fileURLWithPath: path))
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                files.append(GivenCertificate.File(descriptor: open(path, O_RDONLY | O_CLOEXEC), path: name))
            }
            defer { for file in files { close(file.descriptor) } }
            let (certificate, key) = (files[0], files[1])
            try await body { try GivenCertificate(certificate: certificate, key: key, now: moment) }
        }
    }

    private static func issued() throws -> (certificate: String, key: String, authority: CertificateAuthority) {
        let authority = try CertificateAuthority(key: P256.Signing.PrivateKey(), now: now)
        let leaf = try authority.issue(to: ServerNames(domain: "box.example"), validFor: 86_400, now: now)
        return (try leaf.certificate.serializeAsPEM().pemString, leaf.key.pemRepresentation, authority)
    }

    @Test func `a certificate with its key is taken, for the names that are in it`() async throws {
        let issued = try Self.issued()
        try await Self.given(issued.certificate, issued.key) { make in
            let given = try make()
            #expect(given.namesMissing(ServerNames(domain: "Box.Example")) == [])
            #expect(given.namesMissing(ServerNames(domain: "other.example")) == ["other.example", "*.other.example"])
            _ = try TLSIdentity(given: given)
        }
    }

    @Test func `the certificates behind it are its chain`() async throws {
        let issued = try Self.issued()
        let whole = try issued.certificate + "\n" + issued.authority.certificate.serializeAsPEM().pemString
        try await Self.given(whole, issued.key) { make in
            let given = try make()
            #expect(given.chain.count == 2)
        }
    }

    @Test(arguments: [(-2.0 * 3600, "is not valid before"), (90_000, "has expired on")])
    func `one that is not good now is refused with the day`(seconds: Double, reason: String) async throws {
        let issued = try Self.issued()
        try await Self.given(issued.certificate, issued.key, at: Self.now + seconds) { make in
            let error = #expect(throws: TLSError.self) { try make() }
            #expect(error?.description.hasPrefix("certificate: \(reason) 20") == true)
        }
    }

    @Test func `another certificate's key is refused by its name`() async throws {
        let issued = try Self.issued()
        try await Self.given(issued.certificate, try Self.issued().key) { make in
            #expect(throws: TLSError.refused(path: "key", reason: "is not the key of certificate")) { try make() }
        }
    }

    @Test(arguments: ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `what is no certificate is refused by its name`(text: String) async throws {
        let key = try Self.issued().key
        try await Self.given(text, key) { make in
            let error = #expect(throws: TLSError.self) { try make() }
            #expect(error?.description.hasPrefix("certificate: ") == true)
        }
    }

    @Test(arguments: [
        "", "no PEM", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ])
    func `what is no key that can be used is refused by its name`(text: String) async throws {
        let certificate = try Self.issued().certificate
        try await Self.given(certificate, text) { make in
            let reason = "holds no key that can be used: PEM, not encrypted"
            #expect(throws: TLSError.refused(path: "key", reason: reason)) { try make() }
        }
    }

    @Test func `a key that everybody may read is refused, one that a group may is not`() async throws {
        let issued = try Self.issued()
        try await Self.given(issued.certificate, issued.key, mode: 0o644) { make in
            #expect(throws: TLSError.keyIsReadableByOthers(path: "key", mode: 0o644)) { try make() }
        }
        try await Self.given(issued.certificate, issued.key, mode: 0o640) { _ = try $0() }
    }
}
