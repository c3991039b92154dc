import SandboxModel
import Testing

@Suite struct ProgramCommandTests {
    @Test func `a command is its program's path and its arguments`() throws {
        let command = try ProgramCommand(["/usr/bin/env", "", "a b"])
        #expect(command.path == "/usr/bin/env" && command.words == ["/usr/bin/env", "", "a b"])
    }

    @Test func `as many words as allowed are taken, one more is refused`() throws {
        let most = ["/p"] + Array(repeating: "a", count: 63)
        #expect(try ProgramCommand(most).words == most)
        #expect(throws: SpecError.outOfRange(field: "x", value: 65, allowed: 1...64)) {
            try ProgramCommand(most + ["a"], field: "x")
        }
        #expect(throws: SpecError.outOfRange(field: "x", value: 0, allowed: 1...64)) {
            try ProgramCommand([], field: "x")
        }
    }

    @Test func `a word may have so many bytes and no more`() throws {
        let longest = String(repeating: "a", count: ProgramCommand.wordLengthLimit)
        #expect(try ProgramCommand(["/p", longest]).words.last == longest)
        #expect(throws: SpecError.tooLong(field: "command", length: 4097, limit: 4096)) {
            try ProgramCommand(["/p", longest + "a"])
        }
    }

    @Test(arguments: ["", "p", "./p", "/", "/usr/bin/", "/p\0"]) func `no other program is taken`(path: String) {
        let error = #expect(throws: SpecError.self) { try ProgramCommand([path]) }
        #expect(error?.field == "command")
    }
}
