import Foundation
import SandboxModel
import Testing

@testable import Layers

@Suite struct TemplateStoreTests {
    @Test(arguments: ["base", "base:default", "other-name", "other-name:default"])
    func `a template is found by id and alias, with its only tag`(name: String) async throws {
        try await TemplateDirectory.with { directory in
            try directory.write("base", ["aliases": ["other-name"]])
            let found = try #require(try await TemplateStore(directory: directory.path).template(named: name))
            #expect(found.id == "base" && found.aliases == ["base", "other-name"])
            #expect(found.layers == [TemplateDirectory.digest] && found.limits.memoryMiB == 512)
            #expect(found.workingDirectory == nil && !found.noNewPrivileges)
        }
    }

    @Test(arguments: ["", "bas", "base:latest", "base:", "../base", "layers", "BASE", "base/", ":default"])
    func `no other name finds it`(name: String) async throws {
        try await TemplateDirectory.with { directory in
            try directory.write("base")
            #expect(try await TemplateStore(directory: directory.path).template(named: name) == nil)
        }
    }

    @Test(arguments: [
        ("surprise", 1 as any Sendable), ("cpuCount", 0), ("cpuCount", "2"), ("memoryMiB", -1), ("diskMiB", 1),
        ("layers", [String]()), ("layers", ["../../etc/passwd"]), ("layers", [String(repeating: "AB", count: 32)]),
        ("layers", [String(repeating: "cd", count: 32)]), ("user", ""), ("user", "a:b"), ("workdir", "relative"),
        ("noNewPrivileges", "yes"), ("environment", [1]),
    ])
    func `a template with a bad field is refused, naming file and field`(
        field: String, value: any Sendable
    ) async throws {
        try await TemplateDirectory.with { directory in
            try directory.write("base", [field: value])
            let error = await #expect(throws: TemplateError.self) {
                try await TemplateStore(directory: directory.path).template(named: "base")
            }
            #expect(error?.file == "\(directory.path)/base/template.json")
            #expect(error?.field?.hasPrefix(field == "memoryMiB" ? "memory" : field) == true)
        }
    }

    @Test func `a missing field is named`() async throws {
        try await TemplateDirectory.with { directory in
            let text = "{\"id\":\"base\"}"
            try directory.write("base")
            try text.write(toFile: "\(directory.path)/base/template.json", atomically: true, encoding: .utf8)
            let error = await #expect(throws: TemplateError.self) {
                try await TemplateStore(directory: directory.path).template(named: "base")
            }
            #expect(error?.field == "name" && error?.cause == "is missing")
        }
    }

    @Test func `a bad template does not take the good ones with it`() async throws {
        try await TemplateDirectory.with { directory in
            try directory.write("base")
            try directory.write("bad", ["cpuCount": 99])
            try directory.write("second", ["aliases": ["base"]])
            let store = TemplateStore(directory: directory.path)
            #expect(try await store.template(named: "base")?.id == "base")
            let (usable, problems) = try await store.all()
            #expect(usable.map(\.id) == ["base"])
            #expect(problems.map(\.field) == ["cpuCount", "aliases"])
        }
    }

    @Test func `a directory that is not there is an error, not an empty list`() async {
        await #expect(throws: TemplateError.self) { try await TemplateStore(directory: "/nowhere").all() }
    }
}
