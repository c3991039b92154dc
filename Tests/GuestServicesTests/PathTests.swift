import GuestProtocol
import Testing

@testable import GuestServices

@Suite struct PathTests {
    @Test(arguments: [
        ("/a/b", "/a/b"), ("/a//b/./c/", "/a/b/c"), ("/a/../b", "/a/../b"), ("/", "/"), ("~", "/home/user"),
        ("~/x", "/home/user/x"), ("x/y", "/home/user/x/y"), ("./x/../y", "/home/user/y"), ("../other", "/home/other"),
        ("../../../..", "/"), ("", "/home/user"), ("ünï", "/home/user/ünï"),
    ]) func `a path is absolute, or begins at the home`(given: String, expected: String) throws {
        let resolution = PathResolution(home: "/home/user", defaultDirectory: nil)
        #expect(try resolution.resolve(given).text == expected)
    }

    @Test(arguments: [("", "/work"), ("x", "/home/user/x")])
    func `only an empty path means the default directory`(given: String, expected: String) throws {
        let resolution = PathResolution(home: "/home/user", defaultDirectory: "/work")
        #expect(try resolution.resolve(given).text == expected)
    }

    @Test(arguments: ["a\0b", "~root", "~root/x"]) func `what cannot be meant is refused`(given: String) {
        let resolution = PathResolution(home: "/home/user", defaultDirectory: nil)
        #expect(throws: GuestFailure.self) { try resolution.resolve(given) }
    }

    @Test(arguments: [
        ("/a/b", "b", "/a"), ("/a", "a", "/"), ("/", "/", "/"), ("/a/b/", "b", "/a"), ("a", "a", "."),
        ("/a//b", "b", "/a"),
    ]) func `a path has a name and a parent`(path: String, name: String, parent: String) {
        #expect(SystemPath(path).name.text == name)
        #expect(SystemPath(path).parent.text == parent)
    }

    @Test func `below means deeper, not longer`() {
        #expect(SystemPath("a/b").isBelow(SystemPath("a")))
        #expect(!SystemPath("ab").isBelow(SystemPath("a")))
        #expect(!SystemPath("a").isBelow(SystemPath("a")))
        #expect(SystemPath("a").isBelow(SystemPath("")))
    }
}
