import Glibc
import Testing

@testable import DirectRun

@Suite struct RunTemplateTests {
    @Test func `a template's description is read`() {
        let text = #" {"a": "x\n\"", "b": [1, true, "y"], "c": {"d": null}, "e": []} "#
        #expect(
            JSONText.parse(Array(text.utf8))
                == .object([
                    "a": .text("x\n\""), "b": .list([.word("1"), .word("true"), .text("y")]),
                    "c": .object(["d": .word("null")]), "e": .list([]),
                ]))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\" 1}", "{\"a\":1,\"a\":2}", "[1] 2", "\"\\u0041\"", "\"\u{1}\"", "\"open", "{1:2}",
        String(repeating: "[", count: 100),
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(JSONText.parse(Array(text.utf8)) == nil)
    }

    private static let templates =
        #filePath.replacing("Tests/DirectRunTests/RunTemplateTests.swift", with: "build/templates")
    private static let isBuilt = access(templates + "/base/template.json", R_OK) == 0

    @Test(
        .enabled(if: geteuid() == 0, "needs root: mounts layers"),
        .enabled(if: isBuilt, "needs the base template: make templates"))
    func `a template's root is its own, writable where its user may`() throws {
        let words = ["--template", "base", "--templates", Self.templates, "--", "sh", "-c"]
        let script = "id -u; pwd; echo x > file && cat file; sudo -n true || echo no sudo"
        let written = try RunProgram.run(words + [script])
        #expect(written.output == "1000\n/home/user\nx\nno sudo\n")
        #expect(try RunProgram.run(words + ["touch /x"]).code != 0)
        #expect(try RunProgram.run(words + ["ls file"]).code != 0)
    }

    @Test(arguments: ["", "..", "../base", "Base", "nosuch"])
    func `a template that is none is refused by name`(name: String) throws {
        let result = try RunProgram.run(["--template", name, "--templates", "/nowhere", "--", "true"])
        #expect(result.code == 125)
        #expect(result.errors.contains("--template"))
    }
}
