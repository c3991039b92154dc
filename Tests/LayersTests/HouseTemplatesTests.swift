import Foundation
import SandboxModel
import Testing

@testable import Layers

/// The templates of this repository, as their authors wrote them.
@Suite struct HouseTemplatesTests {
    /// `template.json` of `Templates/<name>` as the build leaves it.
    private func template(_ name: String) throws -> Template {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try Data(contentsOf: root.appendingPathComponent("Templates/\(name)/template.json"))
        var fields = try #require(try JSONSerialization.jsonObject(with: source) as? [String: Any])
        fields["from"] = nil
        fields["layers"] = [TemplateDirectory.digest]
        let finished = try JSONSerialization.data(withJSONObject: fields)
        return try JSONDecoder().decode(TemplateFile.self, from: finished).template()
    }

    @Test func `base has neither interpreter nor zygote`() throws {
        let base = try template("base")
        #expect(base.id == "base" && base.interpreter == nil && base.zygote == nil)
    }

    @Test func `the code interpreter has four languages, and two contexts and a zygote from the start`() throws {
        let template = try template("code-interpreter-v1")
        #expect(template.aliases.contains("code-interpreter"))
        #expect(template.limits.cpuCount == 2 && template.limits.memoryMiB == 1024 && template.limits.diskMiB == 4096)
        let interpreter = try #require(template.interpreter)
        #expect(interpreter.defaultLanguage == "python" && interpreter.bootLanguages == ["python", "javascript"])
        #expect(interpreter.languages.keys.sorted() == ["bash", "javascript", "python", "typescript"])
        #expect(template.zygote?.language == "python")
    }
}
