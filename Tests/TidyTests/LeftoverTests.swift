import Testing

@Suite struct LeftoverTests {
    /// Words that mark unfinished or dangerous code; this file spells them apart so as not to find itself.
    static let forbidden = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "fatalError(\"" + "pending", "try" + "! ", "as" + "! "]

    static func offences(_ isOffence: (Substring, Substring?) -> Bool) throws -> [String] {
        try SourceTree().files(under: "Sources", extensions: ["swift", "c", "h"]).flatMap { file in
            let lines = file.lines
            return lines.indices
                .filter { isOffence(lines[$0], $0 > 0 ? lines[$0 - 1] : nil) }
                .map { "\(file.path):\($0 + 1)" }
        }
    }

    @Test(arguments: forbidden) func `no source line holds`(word: String) throws {
        #expect(try Self.offences { line, _ in line.contains(word) } == [])
    }

    @Test func `an unchecked promise to the compiler has its reason beside it`() throws {
        let offences = try Self.offences { line, before in
            (line.contains("@unchecked" + " Sendable") || line.contains("nonisolated" + "(unsafe)"))
                && !line.contains("//") && before?.contains("//") != true
        }
        #expect(offences == [])
    }

    @Test func `a swallowed error has its reason beside it`() throws {
        let offences = try Self.offences { line, before in
            line.contains("try" + "? ") && !line.contains("//") && before?.contains("//") != true
        }
        #expect(offences == [])
    }

    @Test func `no line is longer than 120 columns`() throws {
        #expect(try Self.offences { line, _ in line.count > 120 } == [])
    }

    @Test func `no placeholder file is left`() throws {
        let files = try SourceTree().files(under: "Sources", extensions: ["swift"])
            + SourceTree().files(under: "Tests", extensions: ["swift"])
        #expect(files.map(\.path).filter { $0.hasSuffix("/Placeholder" + ".swift") } == [])
    }
}
