import Foundation
import SandboxModel
import Testing

@testable import Layers

/// The fields `interpreter` and `zygote` of `template.json`.
@Suite struct InterpreterFieldsTests {
    static let interpreter = #"""
        {"default": "python", "boot": ["python", "bash"], "languages": {
            "python": {"command": ["/usr/lib/k/python", "-u"]}, "bash": {"command": ["/usr/lib/k/bash"]}}}
        """#
    static let zygote =
        #"{"language": "python", "command": ["/usr/lib/k/zygote"], "memoryMiB": 1024, "forks": 10000}"#

    /// Reads a template with these fields, given as JSON texts.
    private func template(interpreter: String?, zygote: String?) async throws -> Template {
        var read: Template?
        try await TemplateDirectory.with { directory in
            try directory.write("code", [
                "interpreter": try interpreter.map(Self.json), "zygote": try zygote.map(Self.json),
            ])
            read = try await TemplateStore(directory: directory.path).template(named: "code")
        }
        return try #require(read)
    }

    private static func json(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    @Test func `a template tells its languages and its zygote`() async throws {
        let template = try await template(interpreter: Self.interpreter, zygote: Self.zygote)
        let interpreter = try #require(template.interpreter)
        #expect(interpreter.defaultLanguage == "python" && interpreter.bootLanguages == ["python", "bash"])
        #expect(interpreter.languages["python"]?.command.words == ["/usr/lib/k/python", "-u"])
        #expect(interpreter.languages["bash"]?.command.path == "/usr/lib/k/bash")
        let zygote = try #require(template.zygote)
        #expect(zygote.language == "python" && zygote.command.words == ["/usr/lib/k/zygote"])
        #expect(zygote.memoryMiB == 1024 && zygote.forks == 10_000)
    }

    @Test func `a template need have neither`() async throws {
        let template = try await template(interpreter: nil, zygote: nil)
        #expect(template.interpreter == nil && template.zygote == nil)
    }

    @Test(arguments: [
        (#"{"default": "ruby", "boot": [], "languages": {"python": {"command": ["/k"]}}}"#, "interpreter.default"),
        (#"{"default": "python", "boot": ["ruby"], "languages": {"python": {"command": ["/k"]}}}"#, "interpreter.boot"),
        (
            #"{"default": "python", "boot": ["python", "python"], "languages": {"python": {"command": ["/k"]}}}"#,
            "interpreter.boot"
        ),
        (#"{"default": "python", "boot": [], "languages": {}}"#, "interpreter.languages"),
        (#"{"default": "Py", "boot": [], "languages": {"Py": {"command": ["/k"]}}}"#, "interpreter.languages"),
        (
            #"{"default": "python", "boot": [], "languages": {"python": {"command": []}}}"#,
            "interpreter.languages.python.command"
        ),
        (
            #"{"default": "python", "boot": [], "languages": {"python": {"command": ["python3"]}}}"#,
            "interpreter.languages.python.command"
        ),
        (
            #"{"default": "python", "boot": [], "languages": {"python": {"command": ["/usr/bin/"]}}}"#,
            "interpreter.languages.python.command"
        ),
        (
            #"{"default": "python", "boot": [], "languages": {"python": {"command": "/k"}}}"#,
            "interpreter.languages.python.command"
        ),
        (#"{"default": "python", "boot": [], "languages": {"python": {}}}"#, "interpreter.languages.python.command"),
        (
            #"{"default": "python", "boot": [], "languages": {"python": {"command": ["/k"], "args": []}}}"#,
            "interpreter.languages.python.args"
        ),
        (#"{"default": "python", "boot": [], "languages": {}, "kernels": {}}"#, "interpreter.kernels"),
        (#"{"default": "python", "boot": []}"#, "interpreter.languages"),
        (#"{"boot": [], "languages": {}}"#, "interpreter.default"),
        (#""python""#, "interpreter"),
    ])
    func `a bad interpreter is refused, naming the field`(interpreter: String, field: String) async throws {
        let error = await #expect(throws: TemplateError.self) {
            try await template(interpreter: interpreter, zygote: nil)
        }
        #expect(error?.field == field)
    }

    @Test(arguments: [
        (#"{"language": "r", "command": ["/z"], "memoryMiB": 64, "forks": 1}"#, "zygote.language"),
        (#"{"language": "python", "command": ["z"], "memoryMiB": 64, "forks": 1}"#, "zygote.command"),
        (#"{"language": "python", "command": [], "memoryMiB": 64, "forks": 1}"#, "zygote.command"),
        (#"{"language": "python", "command": ["/z", "a\u0000b"], "memoryMiB": 64, "forks": 1}"#, "zygote.command"),
        (#"{"language": "python", "command": ["/z"], "memoryMiB": 63, "forks": 1}"#, "zygote.memoryMiB"),
        (#"{"language": "python", "command": ["/z"], "memoryMiB": 64, "forks": 0}"#, "zygote.forks"),
        (#"{"language": "python", "command": ["/z"], "memoryMiB": 64, "forks": 1000001}"#, "zygote.forks"),
        (#"{"language": "python", "command": ["/z"], "memoryMiB": 64}"#, "zygote.forks"),
        (#"{"language": "python", "command": ["/z"], "memoryMiB": 64, "forks": 1, "preload": []}"#, "zygote.preload"),
    ])
    func `a bad zygote is refused, naming the field`(zygote: String, field: String) async throws {
        let error = await #expect(throws: TemplateError.self) {
            try await template(interpreter: Self.interpreter, zygote: zygote)
        }
        #expect(error?.field == field)
    }

    @Test func `a zygote without an interpreter is refused`() async throws {
        let error = await #expect(throws: TemplateError.self) {
            try await template(interpreter: nil, zygote: Self.zygote)
        }
        #expect(error?.field == "zygote")
    }
}
