/// What code showed or what its last expression was, in every form that the kernel has for it.
public struct KernelResult: Hashable, Sendable {
    public struct Form: Hashable, Sendable {
        public let mimeType: String
        /// A string, unless the type is one of JSON.
        public let value: OneLineJSON
    }

    /// The value of the last expression, not something shown on the way.
    public let isMain: Bool
    /// In the kernel's order, no type twice.
    public let forms: [Form]

    init(json: [UInt8]) throws(KernelProtocolError) {
        var isMain: Bool?
        var forms: [Form]?
        try JSONScanner.object(json) { (scanner, name) throws(KernelProtocolError) in
            switch name {
            case "main": isMain = try scanner.boolean(name)
            case "data": forms = try Self.forms(&scanner)
            default: throw .unknownField(name)
            }
        }
        guard let isMain else { throw .missingField("main") }
        guard let forms else { throw .missingField("data") }
        self.isMain = isMain
        self.forms = forms
    }

    private static func forms(_ scanner: inout JSONScanner) throws(KernelProtocolError) -> [Form] {
        var forms: [Form] = []
        try scanner.object { (scanner, mimeType) throws(KernelProtocolError) in
            guard forms.count < KernelLimits.resultForms else {
                throw .badField("data", allowed: "\(KernelLimits.resultForms) forms")
            }
            guard (1...KernelLimits.mimeTypeBytes).contains(mimeType.utf8.count) else {
                throw .badField("data", allowed: "types of 1...\(KernelLimits.mimeTypeBytes) bytes")
            }
            let value = try scanner.value()
            guard value.isString || holdsJSON(mimeType) else { throw .badField(mimeType, allowed: "a string") }
            forms.append(Form(mimeType: mimeType, value: value))
        }
        return forms
    }

    private static func holdsJSON(_ mimeType: String) -> Bool {
        ["application/json", "e2b/data", "e2b/chart"].contains(mimeType) || mimeType.hasSuffix("+json")
    }
}
