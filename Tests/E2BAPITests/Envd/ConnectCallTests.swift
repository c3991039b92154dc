import NIOCore
import NIOHTTP1
import Testing

@testable import E2BAPI

@Suite struct ConnectCallTests {
    @Test(arguments: [
        ("1", TimeAmount.milliseconds(1)), ("60000", .seconds(60)), ("9999999999", .milliseconds(9_999_999_999)),
    ])
    func `a timeout is decimal milliseconds`(text: String, timeout: TimeAmount) throws {
        #expect(try ConnectCall(["connect-timeout-ms": text]).timeout == timeout)
    }

    @Test(arguments: ["", "-1", "+1", "1.5", "10000000000", "1s", "٣"])
    func `another timeout is refused`(text: String) {
        #expect(throws: ConnectError.self) { try ConnectCall(["connect-timeout-ms": text]) }
    }

    @Test(arguments: [
        ("dXNlcjo=", "user"), ("cm9vdDpwYXNz", "root"), ("dXNlcg==", "user"), ("Og==", nil),
    ] as [(String, String?)])
    func `the user is the name of Basic authorization`(credentials: String, user: String?) throws {
        #expect(try ConnectCall(["authorization": "Basic \(credentials)"]).user == user)
    }

    @Test func `another scheme names no user`() throws {
        #expect(try ConnectCall(["authorization": "Bearer sk_e2b"]).user == nil)
    }

    @Test(arguments: ["Basic", "Basic !!!", "Basic /w=="])
    func `broken Basic authorization is refused`(header: String) throws {
        let error = #expect(throws: ConnectError.self) { try ConnectCall(["authorization": header]) }
        #expect(error?.code == .unauthenticated)
    }

    @Test(arguments: [("50", 50), ("0", 90), ("x", 90), ("999999", 90), ("-5", 90)])
    func `a keepalive that makes no sense is the default`(text: String, seconds: Int64) throws {
        #expect(try ConnectCall(["keepalive-ping-interval": text]).keepalive == .seconds(seconds))
    }

    @Test(arguments: ["content-encoding", "connect-content-encoding"])
    func `identity is the one coding`(name: String) throws {
        _ = try ConnectCall([name: "identity"])
        let error = #expect(throws: ConnectError.self) { try ConnectCall([name: "gzip"]) }
        #expect(error?.code == .unimplemented)
    }

    @Test(arguments: [
        ("application/json", true), ("Application/JSON; charset=UTF-8", true),
        ("application/json;charset=\"utf-8\"", true),
        ("application/json; charset=latin1", false), ("application/connect+json", false), ("text/plain", false),
        ("", false), ("application/jsonx", false),
    ])
    func `a unary call is application json`(contentType: String, isTaken: Bool) {
        #expect(ConnectCall.hasContentType(.unary, ["content-type": contentType]) == isTaken)
    }

    @Test func `every code has the status that the protocol gives it`() {
        let statuses: [ConnectCode: UInt] = [
            .canceled: 499, .unknown: 500, .invalidArgument: 400, .deadlineExceeded: 504, .notFound: 404,
            .alreadyExists: 409, .permissionDenied: 403, .resourceExhausted: 429, .failedPrecondition: 400,
            .aborted: 409, .outOfRange: 400, .unimplemented: 501, .internal: 500, .unavailable: 503, .dataLoss: 500,
            .unauthenticated: 401,
        ]
        for code in ConnectCode.allCases { #expect(code.status.code == statuses[code]) }
    }
}
