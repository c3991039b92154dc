import Interpreter
import KernelProtocol
import NIOCore
import Testing

@testable import E2BAPI

@Suite struct EventLinesTests {
    static func lines(_ events: [ExecutionEvent]) -> String {
        EventLines(events).map { String(buffer: $0) }.joined()
    }

    /// A result as a kernel says it.
    static func result(_ json: String) throws -> ExecutionEvent {
        var decoder = KernelMessageDecoder()
        decoder.append(KernelFrame.bytes(kind: 0x84, payload: Array(json.utf8)))
        guard case .result(let result)? = try decoder.next() else { throw KernelProtocolError.missingField("result") }
        return .result(result)
    }

    @Test func `each event is one line of JSON, as clients know it`() {
        let events: [ExecutionEvent] = [
            .count(3), .output(.standardOutput, "a\n\u{2028}\"", at: 5), .output(.standardError, "b", at: 6),
            .error(KernelError(name: "E", value: "v", traceback: "t\n")), .keepalive, .end,
        ]
        #expect(
            Self.lines(events) == """
                {"type":"number_of_executions","execution_count":3}
                {"type":"stdout","text":"a\\n\\u2028\\"","timestamp":5}
                {"type":"stderr","text":"b","timestamp":6}
                {"type":"error","name":"E","value":"v","traceback":"t\\n"}
                {"type":"keepalive"}
                {"type":"end_of_execution"}

                """)
    }

    @Test(arguments: [
        ("text/plain", "text"), ("text/html", "html"), ("text/markdown", "markdown"), ("image/svg+xml", "svg"),
        ("image/png", "png"), ("image/jpeg", "jpeg"), ("application/pdf", "pdf"), ("text/latex", "latex"),
        ("application/json", "json"), ("application/javascript", "javascript"), ("e2b/data", "data"),
        ("e2b/chart", "chart"),
    ])
    func `each form has its field`(mimeType: String, field: String) throws {
        let event = try Self.result(#"{"main":false,"data":{"\#(mimeType)":"x"}}"#)
        #expect(Self.lines([event]) == #"{"type":"result","is_main_result":false,"\#(field)":"x"}"# + "\n")
    }

    @Test func `a form without a field is extra, and JSON is passed on as it is`() throws {
        let json = #"{"main":true,"data":{"a/b":"x","application/json":{"n":1e400},"application/vnd.x+json":[1]}}"#
        #expect(
            Self.lines([try Self.result(json)])
                == #"{"type":"result","is_main_result":true,"json":{"n":1e400},"#
                + #""extra":{"a/b":"x","application/vnd.x+json":[1]}}"# + "\n")
    }

    @Test func `the quotation marks of a string's representation are not shown`() throws {
        let event = try Self.result(#"{"main":true,"data":{"text/plain":"'it'"}}"#)
        #expect(Self.lines([event]) == #"{"type":"result","is_main_result":true,"text":"it"}"# + "\n")
    }
}
