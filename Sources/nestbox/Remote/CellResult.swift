/// One value that a cell gave, in every form that it has.
struct CellResult: Hashable, Sendable {
    /// The forms that are text. The others are JSON, and stay unread until somebody wants them.
    enum Form: String, CaseIterable, Sendable {
        case text, html, markdown, svg, png, jpeg, pdf, latex, javascript
    }

    /// Whether it is the value of the cell's last expression; else it was displayed on the way.
    let isMain: Bool
    private let forms: [Form: String]
    /// JSON: columns by their names.
    let data: ArraySlice<UInt8>?
    /// JSON: what a chart shows.
    let chart: ArraySlice<UInt8>?
    let json: ArraySlice<UInt8>?
    /// The MIME types of forms that have no field of their own.
    let others: [String]

    init(_ fields: [String: ArraySlice<UInt8>]) {
        func structure(_ name: String) -> ArraySlice<UInt8>? {
            fields[name].flatMap { $0.elementsEqual("null".utf8) ? nil : $0 }
        }
        isMain = fields["is_main_result"].map { $0.elementsEqual("true".utf8) } ?? false
        forms = Form.allCases.reduce(into: [:]) { forms, form in
            forms[form] = fields[form.rawValue].flatMap(JSONValue.parse)?.text
        }
        (data, chart, json) = (structure("data"), structure("chart"), structure("json"))
        others = structure("extra").flatMap(JSONValue.fields)?.keys.sorted() ?? []
    }

    subscript(form: Form) -> String? { forms[form] }
}
