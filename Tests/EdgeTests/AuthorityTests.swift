import Testing

@testable import Edge

@Suite struct AuthorityTests {
    @Test(arguments: ["a", "a.", "A.b-c_d.", "127.0.0.1", "a:1", "a.:65535", "[::1]", "[::1]:80"])
    func `an authority has one form`(text: String) throws {
        let authority = try #require(Authority(text))
        let name = authority.host.contains(":") ? "[\(authority.host)]" : authority.host
        #expect(Authority(name + (authority.port.map { ":\($0)" } ?? "")) == authority)
    }

    @Test(arguments: [
        "a..", "..", ".", ".a", "a..b", "-..", "", ":80", "[]", "[1]", "[::1", "a:", "a:0", "a:080", "a b",
    ])
    func `what is no host, or has an empty label, is refused`(text: String) {
        #expect(Authority(text) == nil)
    }
}
