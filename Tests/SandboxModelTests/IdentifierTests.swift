import Foundation
import SandboxModel
import Testing

@Suite struct IdentifierTests {
    @Test func `a new sandbox's id is an i and 19 characters, and never the same`() throws {
        let ids = (0..<1000).map { _ in SandboxID() }
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.text.hasPrefix("i") && id.text.count == 20)
            #expect(try SandboxID(id.text) == id)
        }
    }

    @Test(arguments: ["a", "0", "iabc", String(repeating: "z", count: 32)])
    func `an id of a-z and 0-9 is taken as it is`(text: String) throws {
        #expect(try SandboxID(text).description == text)
    }

    @Test(arguments: ["", "A", "a-b", "a_b", "a b", "../a", "ä", "a\0", "٣", String(repeating: "z", count: 33)])
    func `what is no id is refused by name and value`(text: String) {
        let allowed = "1...32 characters of [a-z0-9]"
        #expect(throws: SpecError.malformed(field: "sandboxID", value: text, allowed: allowed)) {
            try SandboxID(text)
        }
    }

    @Test func `an id is its text in JSON, and checked on its way in`() throws {
        let id = try SandboxID("iabc")
        #expect(String(decoding: try JSONEncoder().encode([id]), as: UTF8.self) == #"["iabc"]"#)
        #expect(try JSONDecoder().decode([SandboxID].self, from: Data(#"["iabc"]"#.utf8)) == [id])
        #expect(throws: SpecError.self) { try JSONDecoder().decode([SandboxID].self, from: Data(#"["../a"]"#.utf8)) }
    }

    @Test(arguments: ["default", "a", "team-7", "-", String(repeating: "z", count: 64)])
    func `a tenant's id may have dashes`(text: String) throws {
        #expect(try TenantID(text).description == text)
    }

    @Test(arguments: ["", "Team", "a_b", "a/b", "ä", String(repeating: "z", count: 65)])
    func `what is no tenant's id is refused by name and value`(text: String) {
        let allowed = "1...64 characters of [a-z0-9-]"
        #expect(throws: SpecError.malformed(field: "tenant", value: text, allowed: allowed)) { try TenantID(text) }
    }

    @Test func `the first tenant's id is one that could be given`() throws {
        #expect(try TenantID("default") == .default)
    }
}
