import Foundation
import Glibc
import SandboxModel

/// What commands print on standard output.
enum Output {
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Columns as wide as their widest cell; the last is not padded.
    static func table(_ head: [String], _ rows: [[String]]) {
        let lines = ([head] + rows).map { $0.map(printable) }
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).enumerated().map { index, cell in
                index == line.count - 1 ? cell.0 : cell.0.padding(toLength: cell.1, withPad: " ", startingAt: 0)
            }
            print(cells.joined(separator: "  "))
        }
    }

    /// A sentence for whoever typed the command, on standard error.
    static func note(_ sentence: String) {
        try? writeAll("nestbox: \(sentence)\n".utf8, to: STDERR_FILENO)  // else there is nobody to tell
    }

    /// Text from outside must not steer the terminal.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { CharacterSet.controlCharacters.contains($0) ? "?" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}

extension Timestamp {
    /// ISO 8601, in UTC.
    var text: String {
        Date(timeIntervalSince1970: Double(unixMilliseconds) / 1000).formatted(.iso8601)
    }
}
