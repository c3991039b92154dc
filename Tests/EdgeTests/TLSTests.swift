import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Testing
import X509

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    @Test(arguments: ["49983-ilive.sbx.localhost", "api.sbx.localhost", "sbx.localhost", "localhost"])
    func `a client that trusts the authority speaks HTTP/1.1 over TLS`(name: String) async throws {
        try await withEdge(sandboxes: [.example("ilive")]) { edge in
            let answer = try await exchange(
                "GET /x HTTP/1.1\r\nHost: \(name)\r\nConnection: close\r\n\r\n", port: edge.port, tls: name,
                trusting: edge.authority, protocols: ["http/1.1"])
            #expect(answer.hasPrefix("HTTP/1.1 "))
        }
    }

    @Test func `a client that trusts another authority refuses`() async throws {
        let stranger = try CertificateAuthority(key: P256.Signing.PrivateKey(), now: Date())
        try await withEdge { edge in
            await #expect(throws: (any Error).self) {
                try await exchange(
                    "GET / HTTP/1.1\r\n\r\n", port: edge.port, tls: "localhost", trusting: stranger, protocols: [])
            }
        }
    }

    @Test func `TLS inside a CONNECT is TLS`() async throws {
        try await withEdge(sandboxes: [.example("ilive")]) { edge in
            let name = "49983-ilive.sbx.localhost"
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: edge.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: "CONNECT \(name):443 HTTP/1.1\r\nHost: \(name):443\r\n\r\n"))
                var parts = inbound.makeAsyncIterator()
                let granted = try #require(try await parts.next())
                #expect(String(buffer: granted).hasPrefix("HTTP/1.1 200"))
                try await channel.channel.eventLoop.submit {
                    let handler = try NIOSSLClientHandler(
                        context: clientContext(trusting: edge.authority, protocols: ["http/1.1"]), serverHostname: name)
                    try channel.channel.pipeline.syncOperations.addHandler(handler, position: .first)
                }.get()
                try await outbound.write(ByteBuffer(string: "GET /z HTTP/1.1\r\nHost: \(name)\r\n\r\n"))
                let answer = try #require(try await parts.next())
                #expect(String(buffer: answer).hasPrefix("HTTP/1.1 200 OK"))
            }
        }
    }

    @Test func `the authority is found again, and its key is its owner's alone`() async throws {
        try await withTemporaryDirectory { directory in
            let first = try CertificateAuthority.load(dataDirectory: directory)
            let second = try CertificateAuthority.load(dataDirectory: directory)
            #expect(first.certificate == second.certificate)
            let key = "\(directory)/\(CertificateAuthority.keyPath)"
            let mode = try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
            #expect(throws: TLSError.keyIsReadableByOthers(path: key, mode: 0o644)) {
                try CertificateAuthority.load(dataDirectory: directory)
            }
        }
    }

    @Test func `an authority near its end is written anew for the same key`() async throws {
        try await withTemporaryDirectory { directory in
            let first = try CertificateAuthority.load(dataDirectory: directory)
            let later = Date() + CertificateAuthority.lifetime - CertificateAuthority.renewedBefore + 60
            let second = try CertificateAuthority.load(dataDirectory: directory, now: later)
            #expect(first.certificate.publicKey == second.certificate.publicKey)
            #expect(second.certificate.notValidAfter > later + CertificateAuthority.renewedBefore)
        }
    }

    @Test func `a leaf is what strict clients ask for`() throws {
        let authority = try CertificateAuthority(key: P256.Signing.PrivateKey(), now: Date())
        let leaf = try authority.issue(
            to: ServerNames(domain: "Sbx.Localhost"), validFor: TLSIdentity.leafLifetime, now: Date()
        ).certificate
        #expect(leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore) < 825 * 86_400)
        #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
        #expect(try leaf.extensions.extendedKeyUsage?.contains(.serverAuth) == true)
        let issuer = try #require(try authority.certificate.extensions.subjectKeyIdentifier)
        #expect(try leaf.extensions.authorityKeyIdentifier?.keyIdentifier == issuer.keyIdentifier)
        let names = try #require(try leaf.extensions.subjectAlternativeNames).map { $0 }
        let domains = ["sbx.localhost", "*.sbx.localhost", "api.sbx.localhost", "localhost"]
        #expect(Array(names.prefix(4)) == domains.map { .dnsName($0) })
        #expect(names.count == 6)
    }
}

@Suite(.timeLimit(.minutes(1))) struct HTTP2Tests {
    @Test(arguments: [true, false]) func `HTTP/2 is spoken, with TLS and without`(isSecure: Bool) async throws {
        try await withEdge(sandboxes: [.example("ilive")]) { edge in
            try await HTTP2Client.connected(to: edge, isSecure: isSecure) { client in
                let hello = try await client.exchange(.GET, "/hello", authority: "api.sbx.localhost")
                #expect(hello.status == .ok)
                #expect(String(buffer: hello.body) == "hello")
                let envd = try await client.exchange(.GET, "/q", authority: "49983-ilive.sbx.localhost")
                #expect(String(buffer: envd.body) == "envd of ilive /q")
            }
        }
    }

    @Test func `bodies go both ways through narrow windows`() async throws {
        try await withEdge { edge in
            try await HTTP2Client.connected(to: edge, isSecure: false) { client in
                let body = ByteBuffer(repeating: 0x61, count: 8 << 20)
                let counted = try await client.exchange(.POST, "/count", authority: "a", body: body)
                #expect(String(buffer: counted.body) == String(8 << 20))
                let sized = try await client.exchange(.GET, "/sized", authority: "a")
                #expect(sized.body.readableBytes == 64 << 20)
            }
        }
    }

    @Test func `streams of one connection do not wait for each other`() async throws {
        try await withEdge { edge in
            try await HTTP2Client.connected(to: edge, isSecure: false) { client in
                try await withThrowingTaskGroup(of: String.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            String(buffer: try await client.exchange(.GET, "/hello", authority: "a").body)
                        }
                    }
                    for try await answer in group { #expect(answer == "hello") }
                }
            }
        }
    }

    @Test func `a stream that is reset cancels its handler, and the connection lives on`() async throws {
        try await withEdge { edge in
            try await HTTP2Client.connected(to: edge, isSecure: false) { client in
                try await client.abandon("/forever")
                await edge.plane.cancellation()
                let hello = try await client.exchange(.GET, "/hello", authority: "a")
                #expect(hello.status == .ok)
            }
        }
    }

    @Test(arguments: [("/unread", 413), ("/%zz", 400)])
    func `a response before the whole request is whole`(path: String, status: Int) async throws {
        try await withEdge { edge in
            try await HTTP2Client.connected(to: edge, isSecure: false) { client in
                let answer = try await client.exchange(
                    .POST, path, authority: "a", body: ByteBuffer(repeating: 0x61, count: 4 << 20))
                #expect(answer.status.code == UInt(status))
            }
        }
    }
}
