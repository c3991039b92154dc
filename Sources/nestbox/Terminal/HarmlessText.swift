/// Makes text from outside fit for a terminal: what would steer it is shown in place of being obeyed. Colours stay.
/// A sequence may begin in one piece and end in the next.
struct HarmlessText {
    /// Of a sequence of colours, in characters; a longer one is shown.
    static let sequenceLimit = 64
    /// Gives the terminal its own colours back.
    static let colourReset = "\u{1b}[0m"

    /// What may move the cursor within its line, besides the ends of lines.
    enum Motion: Sendable {
        /// Progress bars write over themselves.
        case withinLine
        case none
    }

    private let motion: Motion
    private var sequence = ""
    private var isColoured = false

    init(_ motion: Motion) {
        self.motion = motion
    }

    /// One whole text, for a line of its own.
    static func line(_ text: String) -> String {
        let joined = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return String(String.UnicodeScalarView(joined.unicodeScalars.map { $0 == "\t" ? " " : shown($0) }))
    }

    /// One whole text.
    static func text(_ text: String) -> String {
        var cleaner = HarmlessText(.none)
        return cleaner.take(text) + cleaner.finish()
    }

    mutating func take(_ piece: String) -> String {
        var clean = String.UnicodeScalarView()
        for scalar in piece.unicodeScalars {
            if sequence.isEmpty {
                if scalar == "\u{1b}" { sequence = "\u{1b}" } else { clean.append(kept(scalar)) }
            } else {
                clean.append(contentsOf: follow(scalar).unicodeScalars)
            }
        }
        return String(clean)
    }

    /// - Returns: what is left over, and the end of colours that were begun.
    mutating func finish() -> String {
        let rest = surrender()
        defer { isColoured = false }
        return isColoured ? rest + Self.colourReset : rest
    }

    /// One more character of a sequence that has begun.
    private mutating func follow(_ scalar: Unicode.Scalar) -> String {
        let isOpening = sequence.unicodeScalars.count == 1
        switch scalar {
        case "[" where isOpening, "0"..."9" where !isOpening, ";" where !isOpening, ":" where !isOpening:
            sequence.unicodeScalars.append(scalar)
            return sequence.unicodeScalars.count > Self.sequenceLimit ? surrender() : ""
        case "m" where !isOpening:
            defer { sequence = "" }
            isColoured = true
            return sequence + "m"
        default: return surrender() + take(String(Character(scalar)))
        }
    }

    /// The sequence turned out to be something else: it is shown.
    private mutating func surrender() -> String {
        defer { sequence = "" }
        return String(String.UnicodeScalarView(sequence.unicodeScalars.map(Self.shown)))
    }

    private func kept(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        case "\n", "\t": scalar
        case "\r", "\u{8}": motion == .withinLine ? scalar : Self.shown(scalar)
        default: Self.shown(scalar)
        }
    }

    /// A character's picture if it is a control character; what turns the direction of writing around is one, too.
    static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{fffd}"
        case 0x7f: "\u{2421}"
        case 0x80..<0xa0, 0x202a...0x202e, 0x2066...0x2069: "\u{fffd}"
        default: scalar
        }
    }
}
