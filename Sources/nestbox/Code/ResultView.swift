import Foundation

/// Chooses which of a result's forms a terminal shows.
struct ResultView: Sendable {
    enum Shown: Hashable, Sendable {
        case table(TextTable)
        case text(String)
    }

    struct Image: Hashable, Sendable {
        let format: CellResult.Form
        /// nil if it was not base64.
        let bytes: Data?
    }

    /// Of a chart's title, in characters.
    static let titleLimit = 200
    static let otherLimit = 10
    private static let imageForms: [CellResult.Form] = [.png, .jpeg, .svg, .pdf]

    let result: CellResult

    /// nil if there is nothing but images.
    var main: Shown? {
        if result.data != nil, let table = result[.html].flatMap(HTMLTable.init) { return .table(table.table) }
        if let text = result[.text], !Self.standsIn(text) { return .text(text) }
        return richText ?? result[.text].map { .text($0) } ?? unshown
    }

    /// Where there is no text worth showing.
    private var richText: Shown? {
        if let markdown = result[.markdown] { return .text(markdown) }
        if let table = result.data.flatMap(JSONValue.parse).flatMap(TextTable.init(columns:)) { return .table(table) }
        if let html = result[.html] { return HTMLTable(html).map { .table($0.table) } ?? .text(HTMLText.plain(html)) }
        if let latex = result[.latex] { return .text(latex) }
        return result.json.flatMap(JSONValue.parse).map { .text($0.json) }
    }

    /// `<IPython.core.display.HTML object>` says only that another form is meant.
    private static func standsIn(_ text: String) -> Bool {
        text.hasPrefix("<IPython.core.display.") && text.hasSuffix(" object>")
    }

    /// The names of what a terminal can make nothing of.
    private var unshown: Shown? {
        let names = (result[.javascript] == nil ? [] : ["application/javascript"]) + result.others
        guard images.isEmpty, !names.isEmpty else { return nil }
        return .text("[" + names.prefix(Self.otherLimit).joined(separator: ", ") + "]")
    }

    var images: [Image] {
        Self.imageForms.compactMap { form in
            result[form].map { Image(format: form, bytes: Self.bytes($0, form)) }
        }
    }

    private static func bytes(_ content: String, _ form: CellResult.Form) -> Data? {
        form == .svg ? Data(content.utf8) : Data(base64Encoded: content, options: .ignoreUnknownCharacters)
    }

    /// `line chart "Sales"`.
    var chart: String? {
        guard let fields = result.chart.flatMap(JSONValue.fields) else { return nil }
        func text(_ name: String) -> String? {
            fields[name].flatMap(JSONValue.parse)?.text.map { String($0.prefix(Self.titleLimit)) }
        }
        let kind = (text("type") ?? "unknown").split(separator: "_").joined(separator: " ")
        return "\(kind) chart" + (text("title").map { " \"\($0)\"" } ?? "")
    }
}
