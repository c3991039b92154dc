import Testing

@testable import nestbox

@Suite struct InputGrammarTests {
    @Test(arguments: [
        "", "x = 1", "f(1, [2, {3: 4}])", "'(['", "# (", "x = '\\''", "s = 'open", "if x: y", "for x in y:\n    f(x)\n",
        "if x:\n    y\n    ", "'''a\nb'''", "f(\n1\n)", "%time f(", "!ls (", "%%bash\nls (\n", ")", "lambda: (0)",
        "x = 1  # y:", "@d\ndef f():\n    pass\n", "x = '''a\n\n'''", "await f()", "a; b", "f'{x:>3}'", "x?",
        "a = 1 + \\\n2",
    ])
    func `Python that is whole runs`(text: String) {
        #expect(!InputGrammar.python.wantsMore(text))
    }

    @Test(arguments: [
        "if x:", "if x:\n    y", "f(", "f(\n", "[1,\n\n", "'''a", "'''a\n\n", "x = \\", "@d", "@d\ndef f():\n    pass",
        "class A:  # comment", "def f(\n    a,\n):", "%%bash", "%%bash\nls", "!ls \\", "{'a': '''}", "try:\n    x\nexcept E:",
        "x = \"\"\"'''", "if (a and\n  b):", "for x in y:\n    # nothing yet",
    ])
    func `Python that is not whole goes on`(text: String) {
        #expect(InputGrammar.python.wantsMore(text))
    }

    @Test(arguments: [
        ("x", ""), ("if x:", "    "), ("    if x:", "        "), ("if x:\n    y", "    "), ("f(", ""),
        ("def f():\n    g(\n        1,", "        "), ("'''\n    a", ""), ("%%bash", ""), ("x = {1:", ""),
    ])
    func `the next line is indented as the last, and deeper in a new block`(text: String, indentation: String) {
        #expect(InputGrammar.python.indentation(after: text) == indentation)
    }

    @Test(arguments: [("f(", true), ("`a", true), ("f('(')", false), ("x // (", false), ("if (x) {\n  y\n}", false)])
    func `JavaScript goes on while a bracket or a template is open`(text: String, wantsMore: Bool) {
        #expect(InputGrammar.javascript.wantsMore(text) == wantsMore)
    }

    @Test(arguments: [("ls (", false), ("ls \\", true)])
    func `a shell's line goes on behind a backslash`(text: String, wantsMore: Bool) {
        #expect(InputGrammar.shell.wantsMore(text) == wantsMore)
    }

    @Test(arguments: InputGrammar.allCases) func `whatever is typed is judged in time`(grammar: InputGrammar) {
        for piece in ["(", "'", "\"\"\"", "\\", "\n", ":", "#", "{'''"] {
            _ = grammar.wantsMore(String(repeating: piece, count: 2000))
        }
    }
}
