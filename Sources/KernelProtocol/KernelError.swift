/// How code failed. The texts are strings of JSON.
public struct KernelError: Hashable, Sendable {
    public let name: OneLineJSON
    public let value: OneLineJSON
    public let traceback: OneLineJSON

    public init(name: String, value: String, traceback: String = "") {
        self.name = OneLineJSON(text: name)
        self.value = OneLineJSON(text: value)
        self.traceback = OneLineJSON(text: traceback)
    }

    init(json: [UInt8]) throws(KernelProtocolError) {
        var texts: [String: OneLineJSON] = [:]
        try JSONScanner.object(json) { (scanner, field) throws(KernelProtocolError) in
            guard ["name", "value", "traceback"].contains(field) else { throw .unknownField(field) }
            let text = try scanner.value()
            guard text.isString else { throw .badField(field, allowed: "a string") }
            texts[field] = text
        }
        guard let name = texts["name"] else { throw .missingField("name") }
        guard let value = texts["value"] else { throw .missingField("value") }
        guard let traceback = texts["traceback"] else { throw .missingField("traceback") }
        self.name = name
        self.value = value
        self.traceback = traceback
    }
}
