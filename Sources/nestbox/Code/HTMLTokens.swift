/// HTML as a row of tags and texts, which is all that a terminal can make use of. Whatever it reads, it ends: each
/// token takes at least a character.
struct HTMLTokens: Sequence, IteratorProtocol {
    enum Token: Hashable {
        case text(String)
        /// Names in small letters.
        case open(String, attributes: [String: String])
        case close(String)
    }

    /// Elements whose inside is for programs.
    private static let silent: Set<String> = ["style", "script"]
    static let attributeLimit = 32

    private var rest: Substring.UTF8View

    init(_ html: String) {
        rest = html[...].utf8
    }

    mutating func next() -> Token? {
        while let first = rest.first {
            guard first == UInt8(ascii: "<") else { return .text(text()) }
            if let token = tag() { return token }
        }
        return nil
    }

    private mutating func text() -> String {
        let run = rest.prefix { $0 != UInt8(ascii: "<") }
        rest = rest[run.endIndex...]
        return HTMLEntities.decoded(String(decoding: run, as: UTF8.self))
    }

    /// - Returns: nil for what says nothing: a comment, a declaration. It is behind us then.
    private mutating func tag() -> Token? {
        rest.removeFirst()
        switch rest.first {
        case UInt8(ascii: "!"), UInt8(ascii: "?"):
            skip(behind: rest.starts(with: "!--".utf8) ? "-->" : ">")
            return nil
        case UInt8(ascii: "/"):
            rest.removeFirst()
            let name = name()
            skip(behind: ">")
            return .close(name)
        case .some(let letter) where Self.isLetter(letter): return element()
        default: return .text("<")
        }
    }

    private mutating func element() -> Token {
        let name = name()
        var attributes: [String: String] = [:]
        while let byte = rest.first, byte != UInt8(ascii: ">") {
            guard let (key, value) = attribute() else {
                rest.removeFirst()
                continue
            }
            if attributes.count < Self.attributeLimit { attributes[key] = value }
        }
        rest = rest.dropFirst()
        if Self.silent.contains(name) { skip(behind: "</\(name)>") }
        return .open(name, attributes: attributes)
    }

    private mutating func attribute() -> (String, String)? {
        let key = name()
        guard !key.isEmpty else { return nil }
        guard rest.first == UInt8(ascii: "=") else { return (key, "") }
        rest.removeFirst()
        guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return (key, name())
        }
        rest.removeFirst()
        let value = rest.prefix { $0 != quote }
        rest = rest[value.endIndex...].dropFirst()
        return (key, String(decoding: value, as: UTF8.self))
    }

    private mutating func name() -> String {
        let name = rest.prefix {
            Self.isLetter($0) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-")
        }
        rest = rest[name.endIndex...]
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    /// To the end, if the mark does not come.
    private mutating func skip(behind mark: String) {
        while !rest.isEmpty, !rest.starts(with: mark.utf8) { rest.removeFirst() }
        rest = rest.dropFirst(mark.utf8.count)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }
}
