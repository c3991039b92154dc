import Interpreter
import KernelProtocol
import NIOCore

/// The events of an execution as clients read them: JSON, one object on each line. By hand, since output is the
/// server's hottest path, and what a kernel says in JSON is passed on without being taken apart. In pieces that share
/// no memory: one that waits for the client keeps none but its own alive.
struct EventLines: Sequence, IteratorProtocol {
    static let pieceBytes = 256 << 10
    /// The fields of forms that have one; every other form is in `extra`, under its type.
    private static let fields = [
        "text/plain": "text", "text/html": "html", "text/markdown": "markdown", "image/svg+xml": "svg",
        "image/png": "png", "image/jpeg": "jpeg", "application/pdf": "pdf", "text/latex": "latex",
        "application/json": "json", "application/javascript": "javascript", "e2b/data": "data", "e2b/chart": "chart",
    ]

    private var events: ArraySlice<ExecutionEvent>
    private var lines: [UInt8] = []
    private var start = 0

    init(_ events: [ExecutionEvent]) {
        self.events = events[...]
    }

    /// The next piece, never empty and at most `pieceBytes` long.
    mutating func next() -> ByteBuffer? {
        while lines.count - start < Self.pieceBytes, let event = events.popFirst() {
            if start > 0 { lines.removeFirst(start) }
            start = 0
            Self.write(event, &lines)
            lines.append(UInt8(ascii: "\n"))
        }
        guard start < lines.count else { return nil }
        let end = Swift.min(start + Self.pieceBytes, lines.count)
        defer { start = end }
        return ByteBuffer(bytes: lines[start..<end])
    }

    private static func write(_ event: ExecutionEvent, _ line: inout [UInt8]) {
        switch event {
        case .count(let count): add(#"{"type":"number_of_executions","execution_count":\#(count)}"#, &line)
        case .output(let stream, let text, let moment):
            add(stream == .standardOutput ? #"{"type":"stdout","text":"# : #"{"type":"stderr","text":"#, &line)
            JSONEscape.append(text, to: &line)
            add(#","timestamp":\#(moment)}"#, &line)
        case .result(let result): write(result, &line)
        case .error(let error):
            add(#"{"type":"error","name":"#, &line)
            line += error.name.bytes
            add(#","value":"#, &line)
            line += error.value.bytes
            add(#","traceback":"#, &line)
            line += error.traceback.bytes
            add("}", &line)
        case .keepalive: add(#"{"type":"keepalive"}"#, &line)
        case .end: add(#"{"type":"end_of_execution"}"#, &line)
        }
    }

    private static func write(_ result: KernelResult, _ line: inout [UInt8]) {
        line.reserveCapacity(line.count + result.forms.reduce(256) { $0 + $1.value.bytes.count })
        add(#"{"type":"result","is_main_result":\#(result.isMain)"#, &line)
        var others: [KernelResult.Form] = []
        for form in result.forms {
            guard let field = fields[form.mimeType] else {
                others.append(form)
                continue
            }
            add(#","\#(field)":"#, &line)
            line += field == "text" ? form.value.withoutOuterQuotes.bytes : form.value.bytes
        }
        if !others.isEmpty { writeExtra(others, &line) }
        add("}", &line)
    }

    private static func writeExtra(_ forms: [KernelResult.Form], _ line: inout [UInt8]) {
        var separator = #","extra":{"#
        for form in forms {
            add(separator, &line)
            JSONEscape.append(form.mimeType, to: &line)
            line.append(UInt8(ascii: ":"))
            line += form.value.bytes
            separator = ","
        }
        add("}", &line)
    }

    private static func add(_ text: String, _ line: inout [UInt8]) {
        line.append(contentsOf: text.utf8)
    }
}
