import NIOCore
import Testing

@testable import E2BAPI

@Suite struct MultipartParserTests {
    private static let boundary = MultipartBoundary(contentType: "multipart/form-data; boundary=xyz")

    private static let body =
        "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/a/b \\\"c.txt\"\r\n"
        + "Content-Type: application/octet-stream\r\n\r\none\r\n--xy\r\n-\r\r\n--xyz\r\n"
        + "content-disposition: form-data; name=file; filename=d\r\n\r\n\r\n--xyz--\r\n"

    /// What a body's pieces come to: per part its filename and content.
    private func parse(_ pieces: [[UInt8]]) throws -> [String] {
        var parser = MultipartParser(boundary: try #require(Self.boundary))
        var parts: [String] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let event = try parser.next() {
                switch event {
                case .part(let headers): parts.append("\(headers.name) \(headers.filename ?? "-"):")
                case .bytes(let bytes): parts[parts.count - 1] += String(buffer: bytes)
                case .partEnd: parts[parts.count - 1] += "."
                }
            }
        }
        try parser.finish()
        return parts
    }

    @Test func `a body is the same wherever it is cut`() throws {
        let body = Array(Self.body.utf8)
        let whole = ["file /a/b \"c.txt:one\r\n--xy\r\n-\r.", "file d:."]
        #expect(try parse([body]) == whole)
        for cut in 0...body.count {
            #expect(try parse([Array(body[..<cut]), Array(body[cut...])]) == whole)
        }
        #expect(try parse(body.map { [$0] }) == whole)
    }

    @Test(arguments: [
        "", "--xyz", "--xyz\r\n", "preamble\r\n--xyz--", "\r\n--xyz--", "--xyy--", "--xyzz--", "--xyz --",
        "--xyz\n\n--xyz--",
        "--xyz\r\n\r\ncontent\r\n--xyz--",  // no disposition
        "--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=a\u{0}\r\n\r\n\r\n--xyz--",
        "--xyz\r\nno colon\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--xyz--",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\ncontent",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\ncontent\r\n--xyz",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\ncontent\r\n--xyz-",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\ncontent\r\n--xyz--\r\nmore",
        "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\ncontent\r\n--xyz--\r",
    ])
    func `a body that is not what it says is refused`(body: String) {
        #expect(throws: MultipartError.self) { try parse([Array(body.utf8)]) }
        #expect(throws: MultipartError.self) { try parse(body.utf8.map { [$0] }) }
    }

    @Test func `headers without an end are refused, not collected`() throws {
        var parser = MultipartParser(boundary: try #require(Self.boundary))
        parser.append(ByteBuffer(string: "--xyz\r\n"))
        var refusals = 0
        for _ in 0..<100 where refusals == 0 {
            do {
                while try parser.next() != nil {}
                parser.append(ByteBuffer(string: String(repeating: "x", count: 1000)))
            } catch {
                refusals += 1
            }
        }
        #expect(refusals == 1)
    }

    @Test(arguments: [
        "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=a",
        "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=\"a\r\n\"",
        "multipart/form-data; boundary=a; boundary=b", "text/plain; boundary=a", "",
        "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
    ])
    func `a boundary that is none is refused`(contentType: String) {
        #expect(MultipartBoundary(contentType: contentType) == nil)
    }

    @Test(arguments: [
        ("form-data; name=a", ["name": "a"]), ("form-data;name=\"a;b\" ; x=y", ["name": "a;b", "x": "y"]),
        (#"form-data; name="C:\dir\f""#, ["name": #"C:\dir\f"#]), ("form-data;", [:]),
    ])
    func `parameters are tokens or quoted`(text: String, parameters: [String: String]) throws {
        let parsed = try #require(HeaderParameters.parse(text))
        #expect(parsed.value == "form-data")
        #expect(parsed.parameters == parameters)
    }
}
