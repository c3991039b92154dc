import HTTPExchange
import NIOCore
import NIOHTTP1
import SandboxModel
import Testing

@testable import E2BAPI

@Suite struct FileSignatureTests {
    private static let token = "secret-token"
    private static let now = Timestamp(unixMilliseconds: 1_700_000_000_000)

    private func request(
        _ method: HTTPMethod, _ uri: String, token: String? = nil
    ) throws -> HTTPRequest {
        var headers = HTTPHeaders()
        if let token { headers.add(name: "X-Access-Token", value: token) }
        return HTTPRequest(
            method: method, target: try #require(RequestTarget(uri)), headers: headers, body: RequestBody(ByteBuffer()),
            id: "r")
    }

    private func refusal(_ request: HTTPRequest) throws -> String? {
        let route = try #require(EnvdRoute(request.target))
        return EnvdAuthorization(Self.token, at: Self.now).refusal(of: request, for: route)?.message
    }

    // Made with the official client's `get_signature(path, operation, user, token, expiration)`.
    @Test(arguments: [
        ("/home/user/a.txt", "read", "user", nil, "v1_powbkN3fI7yRlWaB5Ui2dRUwVP8UZprfSGludREq8sk"),
        ("a b/ü.txt", "write", "", 1700000001, "v1_G64aKX15ieCle0ano1ggiaC4x2FC5CnIKKWi8/Jm6ko"),
        ("", "write", "", nil, "v1_p06MGKJzimBFbjIvpRW5UTJCifAxyKNhT/W6CnNvMlE"),
        ("/x", "read", "root", nil, "v1_XaMOFkiAptxPStwSnKpXAChfafo7Q/KHX+IaPJE5cxQ"),
    ] as [(String, String, String, Int64?, String)])
    func `a signature is the official client's`(
        path: String, operation: String, user: String, expiration: Int64?, signature: String
    ) throws {
        let operation = try #require(FileSignature.Operation(rawValue: operation))
        let made = FileSignature(path, operation, username: user, expiration: expiration, token: Self.token)
        #expect(made.signature == signature)
    }

    @Test func `a signature opens its own path, operation and user, and no other`() throws {
        let signature = FileSignature("/a b", .read, username: "root", token: Self.token).signature
            .replacing("+", with: "%2B")
        #expect(try refusal(request(.GET, "/files?path=/a%20b&username=root&signature=\(signature)")) == nil)
        #expect(try refusal(request(.HEAD, "/files?path=/a+b&username=root&signature=\(signature)")) == nil)
        for uri in [
            "/files?path=/a&username=root&signature=\(signature)", "/files?path=/a%20b&signature=\(signature)",
            "/files?path=/a%20b&username=root&signature=\(signature)&signature_expiration=1700000001",
            "/files?path=/a%20b&username=root&signature=v1_x", "/files?path=/a%20b&username=root&signature=",
        ] {
            #expect(try refusal(request(.GET, uri)) == "invalid signature")
        }
        #expect(
            try refusal(request(.POST, "/files?path=/a%20b&username=root&signature=\(signature)"))
                == "invalid signature")
    }

    @Test(arguments: [(1_699_999_999, "signature is already expired"), (1_700_000_000, nil)] as [(Int64, String?)])
    func `a signature ends with its second`(expiration: Int64, message: String?) throws {
        let signature = FileSignature("/a", .write, expiration: expiration, token: Self.token).signature
            .replacing("+", with: "%2B")
        let uri = "/files?path=/a&signature=\(signature)&signature_expiration=\(expiration)"
        #expect(try refusal(request(.POST, uri)) == message)
    }

    @Test(arguments: ["1e9", "01700000001", "x", "", "99999999999999999999"])
    func `an expiration that is not a decimal number is no signature`(text: String) throws {
        let signature = FileSignature("/a", .read, token: Self.token).signature
        #expect(
            try refusal(request(.GET, "/files?path=/a&signature=\(signature)&signature_expiration=\(text)"))
                == "invalid signature")
    }

    @Test func `all but health needs the token, and files may do with a signature`() throws {
        let unauthorized =
            "unauthorized access, please provide a valid access token or method signing if supported"
        #expect(try refusal(request(.GET, "/health")) == nil)
        #expect(try refusal(request(.GET, "/files?path=/a")) == "missing signature query parameter")
        #expect(
            try refusal(request(.GET, "/files?path=/a", token: "x"))
                == "access token present in header but does not match")
        for path in ["/metrics", "/envs", "/files/compose", "/process.Process/List", "/filesystem.Filesystem/Stat"] {
            #expect(try refusal(request(.GET, path)) == unauthorized)
            #expect(try refusal(request(.GET, path, token: Self.token + "x")) == unauthorized)
            #expect(try refusal(request(.GET, path, token: Self.token)) == nil)
        }
    }

    @Test(arguments: ["/init", "/freeze", "/", "/files/x", "/process.Process", "/process.Process/List/x"])
    func `what is not there has no route`(path: String) throws {
        #expect(EnvdRoute(try #require(RequestTarget(path))) == nil)
    }
}
