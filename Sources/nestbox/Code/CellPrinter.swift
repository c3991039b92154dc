import Foundation
import Glibc

/// How a command shows what code says.
struct CellStyle: Hashable, Sendable {
    /// Events as they came, for machines.
    var isJSON = false
    /// Whether it is shown to somebody who goes on typing: results carry their number, and each cell ends its line.
    var isConversation = false
    /// Whether text is to be made harmless, by where it goes.
    var cleansOutput = isatty(STDOUT_FILENO) == 1
    var cleansErrors = isatty(STDERR_FILENO) == 1

    /// What tables must fit into; nil if it is not a terminal.
    var width: Int? { cleansOutput ? RawTerminal.size.size.cols : nil }
}

/// Shows what one cell says: its output and results on standard output, the rest on standard error.
struct CellPrinter {
    private let style: CellStyle
    private let images: ImageFolder
    private var output = HarmlessText(.withinLine)
    private var errors = HarmlessText(.withinLine)
    private var number: Int?
    private var isMidLine = false

    init(_ style: CellStyle, images: ImageFolder) {
        self.style = style
        self.images = images
    }

    mutating func show(_ line: [UInt8], _ event: InterpreterEvent) async throws {
        guard !style.isJSON else {
            return try write(String(decoding: line, as: UTF8.self) + "\n", isClean: false)
        }
        switch event {
        case .count(let count): number = count
        case .stdout(let text): try write(style.cleansOutput ? output.take(text) : text, isClean: true)
        case .stderr(let text): try writeError(style.cleansErrors ? errors.take(text) : text)
        case .result(let result): try await show(result)
        case .error(let error):
            if style.cleansOutput { try endLine() }
            try writeError((style.cleansErrors ? HarmlessText.text(error.text) : error.text) + "\n")
        case .end, .other: break
        }
    }

    /// Ends what a cell may have left open: a colour, in a conversation also a line.
    mutating func finish() throws {
        if style.cleansOutput { try write(output.finish(), isClean: true) }
        if style.cleansErrors { try writeError(errors.finish()) }
        if style.isConversation { try endLine() }
    }

    private mutating func show(_ result: CellResult) async throws {
        let view = ResultView(result: result)
        var lines: [String] = []
        switch view.main {
        case .table(let table): lines = table.lines(width: style.width)
        case .text(let text): lines = [text]
        case nil: break
        }
        if let chart = view.chart { lines.append("[\(chart)]") }
        for image in view.images { lines.append(await line(for: image)) }
        guard !lines.isEmpty else { return }
        try endLine()
        let text = lines.joined(separator: "\n")
        try write(label(of: result, isLong: text.contains("\n")) + text + "\n", isClean: false)
    }

    /// Where the image is now, or why it is nowhere: the cell goes on.
    private func line(for image: ResultView.Image) async -> String {
        do {
            return "[image: \(try await images.save(image))]"
        } catch {
            return "[\(image.format.rawValue) image not written: \(error)]"
        }
    }

    /// `Out[3]: `, on a line of its own before what has several.
    private func label(of result: CellResult, isLong: Bool) -> String {
        guard style.isConversation, result.isMain, let number else { return "" }
        return "Out[\(number)]:" + (isLong ? "\n" : " ")
    }

    private mutating func endLine() throws {
        if isMidLine { try write("\n", isClean: true) }
    }

    private mutating func write(_ text: String, isClean: Bool) throws {
        guard let last = text.unicodeScalars.last else { return }
        try writeAll((isClean || !style.cleansOutput ? text : HarmlessText.text(text)).utf8, to: STDOUT_FILENO)
        isMidLine = last != "\n"
    }

    private mutating func writeError(_ text: String) throws {
        guard let last = text.unicodeScalars.last else { return }
        try writeAll(text.utf8, to: STDERR_FILENO)
        if style.cleansErrors { isMidLine = last != "\n" }
    }
}
