import Testing

@testable import KernelProtocol

@Suite struct KernelMessageTests {
    static func decode(_ kind: UInt8, _ payload: String) throws -> KernelMessage? {
        var decoder = KernelMessageDecoder()
        decoder.append(KernelFrame.bytes(kind: kind, payload: Array(payload.utf8)))
        return try decoder.next()
    }

    static let hello = #"{"protocol":1,"pid":7,"context":"python","language":"python","cwd":"/home/user","idle":true}"#

    @Test func `a kernel's words are read`() throws {
        guard case .hello(let hello) = try Self.decode(0x80, Self.hello) else {
            Issue.record("no hello")
            return
        }
        #expect(hello.pid == 7)
        #expect(hello.context == "python")
        #expect(hello.workingDirectory == "/home/user")
        #expect(hello.isIdle)
        #expect(try Self.decode(0x81, #"{"execution_count":3}"#) == .count(3))
        #expect(try Self.decode(0x82, "out") == .output(.standardOutput, Array("out".utf8)))
        #expect(try Self.decode(0x83, "err") == .output(.standardError, Array("err".utf8)))
        let error = #"{"name":"E","value":"v","traceback":"t"}"#
        #expect(try Self.decode(0x85, error) == .error(KernelError(name: "E", value: "v", traceback: "t")))
        #expect(try Self.decode(0x8f, "") == .end)
    }

    @Test func `a result keeps its forms in order, and their JSON as it is`() throws {
        let json = #"{"main":true,"data":{"text/plain":"'a'","application/json":{"n": 1e400},"x/y+json":[1],"a/b":"c"}}"#
        guard case .result(let result) = try Self.decode(0x84, json) else {
            Issue.record("no result")
            return
        }
        #expect(result.isMain)
        #expect(result.forms.map(\.mimeType) == ["text/plain", "application/json", "x/y+json", "a/b"])
        #expect(result.forms[1].value.bytes == Array(#"{"n":1e400}"#.utf8))
    }

    @Test(arguments: [
        #"{"main":1,"data":{}}"#, #"{"main":true}"#, #"{"data":{}}"#, #"{"main":true,"data":{},"more":1}"#,
        #"{"main":true,"data":{"text/plain":1}}"#, #"{"main":true,"data":{"a/b":"x","a/b":"y"}}"#,
        #"{"main":true,"data":{"":"x"}}"#, #"{"main":true,"data":{"application/json":NaN}}"#,
        #"{"main":true,"data":[]}"#, "", "null", #"{"main":true,"data":{}} "#.replacing(" ", with: "x"),
    ])
    func `a result that is none is told, and the kernel may go on`(json: String) throws {
        guard case .badResult = try Self.decode(0x84, json) else {
            Issue.record("taken for a result: \(json)")
            return
        }
    }

    @Test func `a result has so many forms and no more`() throws {
        func result(_ count: Int) throws -> KernelMessage? {
            let forms = (0..<count).map { "\"a/\($0)\":\"\"" }.joined(separator: ",")
            return try Self.decode(0x84, #"{"main":false,"data":{\#(forms)}}"#)
        }
        guard case .result = try result(KernelLimits.resultForms) else {
            Issue.record("refused")
            return
        }
        guard case .badResult = try result(KernelLimits.resultForms + 1) else {
            Issue.record("taken")
            return
        }
    }

    @Test(arguments: [
        (0x80, #"{"protocol":2,"pid":7,"context":"a","language":"b","cwd":"/","idle":true}"#),
        (0x80, #"{"protocol":1,"pid":1,"context":"a","language":"b","cwd":"/","idle":true}"#),
        (0x80, #"{"protocol":1,"pid":-1,"context":"a","language":"b","cwd":"/","idle":true}"#),
        (0x80, #"{"protocol":1,"pid":7.5,"context":"a","language":"b","cwd":"/","idle":true}"#),
        (0x80, #"{"protocol":1,"pid":7,"context":"a","language":"b","cwd":"/"}"#),
        (0x80, #"{"protocol":1,"pid":7,"context":"a","language":"b","cwd":"\u0000","idle":true}"#),
        (0x80, #"{"protocol":1,"pid":7,"pid":8,"context":"a","language":"b","cwd":"/","idle":true}"#),
        (0x80, "[]"), (0x80, ""), (0x80, Self.hello + Self.hello),
        (0x81, #"{"execution_count":-1}"#), (0x81, #"{"execution_count":"1"}"#), (0x81, "{}"),
        (0x81, #"{"execution_count":99999999999999999999}"#),
        (0x85, #"{"name":"E","value":"v"}"#), (0x85, #"{"name":"E","value":"v","traceback":["t"]}"#),
        (0x00, ""), (0x01, ""), (0x86, ""), (0xff, ""),
    ] as [(UInt8, String)])
    func `what no honest kernel says is refused`(kind: UInt8, payload: String) {
        #expect(throws: KernelProtocolError.self) { try Self.decode(kind, payload) }
    }

    @Test(arguments: KernelMessage.Kind.allCases)
    func `a frame over its kind's limit is refused before it has come`(kind: KernelMessage.Kind) {
        var decoder = KernelMessageDecoder()
        var header: [UInt8] = []
        withUnsafeBytes(of: UInt32(kind.limit + 1).littleEndian) { header += $0 }
        decoder.append(header + [kind.rawValue])
        let refusal = KernelProtocolError.tooLong(kind: kind.rawValue, length: kind.limit + 1, limit: kind.limit)
        #expect(throws: refusal) { try decoder.next() }
    }

    @Test(arguments: [1, 2, 3, 7, 4096]) func `messages are found however the stream is cut`(step: Int) throws {
        let words = ["", "one", String(repeating: "x", count: 1000)]
        let stream = words.flatMap { KernelFrame.bytes(kind: 0x82, payload: Array($0.utf8)) }
        var decoder = KernelMessageDecoder()
        var found: [KernelMessage] = []
        for start in stride(from: 0, to: stream.count, by: step) {
            decoder.append(stream[start..<min(start + step, stream.count)])
            while let message = try decoder.next() { found.append(message) }
        }
        #expect(found == words.map { .output(.standardOutput, Array($0.utf8)) })
        try decoder.finish()
    }

    @Test(arguments: [1000, 65_536, 1_000_000]) func `a long frame without room is passed over as it comes`(
        step: Int
    ) throws {
        let long = KernelFrame.bytes(kind: 0x84, payload: [UInt8](repeating: 0x20, count: 300_000))
        let stream = long + KernelFrame.bytes(kind: 0x82, payload: [0x61]) + long
        var decoder = KernelMessageDecoder()
        var (found, asked): ([KernelMessage], [Int]) = ([], [])
        for start in stride(from: 0, to: stream.count, by: step) {
            decoder.append(stream[start..<min(start + step, stream.count)])
            while let message = try decoder.next(admits: { asked.append($0); return false }) { found.append(message) }
        }
        #expect(found == [.dropped(300_000), .output(.standardOutput, [0x61]), .dropped(300_000)])
        #expect(asked == [300_000, 300_000])
        try decoder.finish()
    }

    @Test func `an end in the middle of a frame is told`() {
        var decoder = KernelMessageDecoder()
        decoder.append([1, 0, 0])
        #expect(throws: KernelProtocolError.truncated) { try decoder.finish() }
    }

    @Test func `an execution is one frame of JSON, within the limit`() throws {
        let request = KernelRequest.execute(code: "print('é')\n", environment: ["B": "2", "A": "\"1\""])
        let frame = try #require(request.frame)
        let json = #"{"code":"print('é')\n","environment":{"A":"\"1\"","B":"2"}}"#
        #expect(frame == KernelFrame.bytes(kind: 0x01, payload: Array(json.utf8)))
        let long = String(repeating: "x", count: KernelLimits.requestBytes)
        #expect(KernelRequest.execute(code: long, environment: [:]).frame == nil)
        #expect(KernelRequest.inspect.frame == [0, 0, 0, 0, 2])
    }
}
