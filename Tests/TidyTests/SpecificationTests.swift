import Testing

@Suite struct SpecificationTests {
    /// `| 12 | promise | \`Tests/Suite/File::name\` |`, or `pending` in the last column.
    struct Promise {
        let number: String
        let proof: String

        init?(_ line: Substring) {
            let cells = line.split(separator: "|").map { $0.trimming(" ") }
            guard cells.count == 3, !cells[0].isEmpty, cells[0].allSatisfy({ $0.isNumber || $0 == "." }) else {
                return nil
            }
            number = cells[0]
            proof = cells[2]
        }
    }

    static func promises() throws -> [Promise] {
        try SourceTree().text(of: "SPECIFICATION.md").split(separator: "\n").compactMap(Promise.init)
    }

    @Test func `promises are numbered without gap or repetition`() throws {
        let numbers = try Self.promises().map(\.number)
        #expect(!numbers.isEmpty)
        #expect(Set(numbers).count == numbers.count)
    }

    @Test func `each promise is pending or names tests that exist`() throws {
        let tree = SourceTree()
        for promise in try Self.promises() where !promise.proof.hasPrefix("pending") {
            let links = promise.proof.split(separator: "`").filter { $0.contains("::") }
            #expect(!links.isEmpty, "promise \(promise.number) names no test")
            for link in links {
                let parts = link.split(separator: ":", omittingEmptySubsequences: true)
                let text = try tree.text(of: String(parts[0]))
                #expect(text.contains(parts[parts.count - 1]), "promise \(promise.number): \(link)")
            }
        }
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var rest = self
        while rest.first == character { rest.removeFirst() }
        while rest.last == character { rest.removeLast() }
        return String(rest)
    }
}
