import NIOCore
import Testing

@testable import nestbox

@Suite struct InterpreterEventTests {
    static func event(_ line: String) throws -> InterpreterEvent {
        try InterpreterEvent(line: Array(line.utf8))
    }

    @Test func `each kind of event is understood`() throws {
        #expect(try Self.event(#"{"type":"number_of_executions","execution_count":7}"#) == .count(7))
        #expect(try Self.event(#"{"type":"stdout","text":"a\n","timestamp":1}"#) == .stdout("a\n"))
        #expect(try Self.event(#"{"type":"stderr","text":"b","timestamp":1}"#) == .stderr("b"))
        #expect(
            try Self.event(#"{"type":"error","name":"E","value":"v","traceback":"t"}"#)
                == .error(CellError(name: "E", value: "v", traceback: "t")))
        #expect(try Self.event(#"{"type":"end_of_execution"}"#) == .end)
        #expect(try Self.event(#"{"type":"keepalive"}"#) == .other)
        #expect(try Self.event(#"{"type":"from the future","x":[1]}"#) == .other)
    }

    @Test func `a result has its forms`() throws {
        let line = #"{"type":"result","is_main_result":true,"text":"t","png":null,"data":{"a":[1]},"extra":{"x/y":1}}"#
        guard case .result(let result) = try Self.event(line) else {
            Issue.record("no result")
            return
        }
        #expect(result.isMain && result[.text] == "t" && result[.png] == nil && result.others == ["x/y"])
        #expect(result.data.flatMap(JSONValue.parse).flatMap(TextTable.init(columns:))?.head == [["a"]])
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"type":1}"#, #"{"type":"stdout"}"#, #"{"type":"stdout","text":1}"#,
        #"{"type":"error","name":"E"}"#, #"{"type":"number_of_executions","execution_count":"1"}"#,
    ])
    func `what is no event is refused`(line: String) {
        #expect(throws: RemoteError.self) { try Self.event(line) }
    }

    @Test func `a refused line is told without what would steer a terminal`() {
        let error = #expect(throws: RemoteError.self) { try Self.event("\u{1b}[2J") }
        #expect(error?.description.contains("\u{1b}") == false)
    }
}

@Suite struct EventLinesTests {
    @Test func `lines may come in any pieces, and blank ones say nothing`() throws {
        var lines = EventLines()
        let text = "ab\n\ncd\né\nrest"
        let found = try text.utf8.flatMap { try lines.take(ByteBuffer(bytes: [$0])) }
        #expect(found.map { String(decoding: $0, as: UTF8.self) } == ["ab", "cd", "é"])
        var atOnce = EventLines()
        #expect(try atOnce.take(ByteBuffer(string: text)) == found)
    }

    @Test func `a line over the limit is refused`() throws {
        var lines = EventLines(limit: 10)
        #expect(try lines.take(ByteBuffer(string: "0123456789\n01234")).count == 1)
        #expect(try lines.take(ByteBuffer(string: "56789")).isEmpty)
        #expect(throws: RemoteError.self) { try lines.take(ByteBuffer(string: "x")) }
    }
}
