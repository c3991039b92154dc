import Glibc
import Logging
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(1))) struct ListenTests {
    @Test func `a port that is taken is refused in words that name it`() async throws {
        try await withEdge { edge in
            let routing = EdgeRouting(
                domain: EdgeFixture.domain, controlPlane: edge.plane, live: { _ in nil }, signatureOwner: { _ in nil },
                envd: { _, _ in .text("") }, interpreter: { _, _ in nil },
                dial: { _, _, _, _ in throw NoSuchPort() })
            let second = EdgeServer(
                host: "127.0.0.1", port: edge.port, routing: routing,
                tls: try TLSIdentity(authority: edge.authority, names: ServerNames(domain: EdgeFixture.domain)),
                logger: Logger(label: "edge-tests") { _ in SwiftLogNoOpLogHandler() })
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(error?.errorNumber == EADDRINUSE)
            #expect(error?.description.hasPrefix("cannot listen on 127.0.0.1:\(edge.port): ") == true)
        }
    }
}
