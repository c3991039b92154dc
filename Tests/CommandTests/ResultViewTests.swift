import Foundation
import Testing

@testable import nestbox

@Suite struct ResultViewTests {
    static func view(_ fields: String) throws -> ResultView {
        let line = "{\"type\":\"result\",\"is_main_result\":true,\(fields)}"
        guard case .result(let result) = try InterpreterEvent(line: Array(line.utf8)) else {
            throw RemoteError("no result")
        }
        return ResultView(result: result)
    }

    @Test(arguments: [
        (#""text":"t","html":"<p>h</p>","markdown":"m""#, "t"), (#""markdown":"m","html":"<p>h</p>""#, "m"),
        (#""html":"<p>h</p>","latex":"l""#, "h"), (#""latex":"l","json":{}"#, "l"), (#""json":[1,"a"]"#, #"[1, "a"]"#),
        (#""text":"<IPython.core.display.HTML object>","html":"<b>h</b>""#, "h"),
        (#""text":"<IPython.core.display.Image object>","png":"AAAA""#, "<IPython.core.display.Image object>"),
        (#""javascript":"x","extra":{"a/b":1}"#, "[application/javascript, a/b]"),
    ])
    func `text goes before what must be turned into text`(fields: String, shown: String) throws {
        #expect(try Self.view(fields).main == .text(shown))
    }

    @Test func `images alone need no text`() throws {
        let view = try Self.view(#""png":"AAEC\nAw==","svg":"<svg/>","pdf":"?""#)
        #expect(view.main == nil)
        #expect(
            view.images == [
                .init(format: .png, bytes: Data([0, 1, 2, 3])), .init(format: .svg, bytes: Data("<svg/>".utf8)),
                .init(format: .pdf, bytes: view.images[2].bytes),
            ])
    }

    @Test(arguments: [
        (#""chart":{"type":"box_and_whisker","title":"T","elements":[1,2]}"#, "box and whisker chart \"T\""),
        (#""chart":{"type":"pie","title":null}"#, "pie chart"), (#""chart":{}"#, "unknown chart"),
        (#""chart":{"title":3}"#, "unknown chart"),
    ])
    func `a chart is named`(fields: String, name: String) throws {
        #expect(try Self.view(fields).chart == name)
    }

    @Test func `columns are a table in their order`() throws {
        let main = try Self.view(#""data":{"b":[1,null],"a":["x"]}"#).main
        #expect(main == .table(TextTable(head: [["b", "a"]], rows: [["1", "x"], ["null", ""]])))
    }
}

@Suite struct HTMLTableTests {
    @Test func `names over several columns and rows stand in the first`() throws {
        let page = """
            <style>td { x: "<table>" }</style><table border="1" class='dataframe'><thead>
            <tr><th></th><th colspan="2">wide</th></tr><tr><th></th><th>a</th><th>b</th></tr></thead><tbody>
            <tr><th rowspan="2">x</th><td>1</td><td>2 &lt; 3</td></tr><tr><td>4<br>5</td><td></td></tr>
            </tbody></table>\n<p>2 rows &times; 2 columns</p>
            """
        let table = try #require(HTMLTable(page)).table
        #expect(table.head == [["", "wide", ""], ["", "a", "b"]])
        #expect(table.rows == [["x", "1", "2 < 3"], ["", "4 5", ""]])
        #expect(table.note == "2 rows × 2 columns")
    }

    @Test(arguments: ["", "<p>x</p>", "<table></table>", "<table><tr><td>x", "<", "<table", "<table a='", "<!--", "&#;"])
    func `what is no table is nothing`(page: String) {
        #expect(HTMLTable(page) == nil)
    }

    @Test func `a table over the limits is nothing`() {
        let row = "<tr><td rowspan=1000 colspan=1000>x</td></tr>"
        #expect(HTMLTable("<table>\(row)</table>") == nil)
        let many = String(repeating: "<tr><td>x</td></tr>", count: HTMLTable.cellLimit + 1)
        #expect(HTMLTable("<table>\(many)</table>") == nil)
    }

    @Test func `a page is read as lines`() {
        #expect(HTMLText.plain("<h1>A</h1>b <i>c</i>\n d<ul><li>e<li>f</ul><script>x</script>") == "A\nb c d\ne\nf")
    }
}

@Suite struct TextTableTests {
    @Test func `numbers stand to the right, all else to the left, by their width`() {
        let table = TextTable(head: [["", "名前", "n"]], rows: [["0", "漢字漢字", "1.5"], ["10", "b", "NaN"]])
        #expect(table.lines(width: nil) == ["    名前        n", " 0  漢字漢字  1.5", "10  b         NaN"])
    }

    @Test func `columns that do not fit are left out and counted`() {
        let table = TextTable(head: [["aaaa", "bbbb", "cccc"]], rows: [["1", "2", "3"]])
        #expect(table.lines(width: 16) == ["aaaa  bbbb  cccc", "   1     2     3"])
        #expect(table.lines(width: 15) == ["aaaa  bbbb  …", "   1     2  …", "… 1 of 3 columns do not fit"])
        #expect(table.lines(width: 1).first == "aaaa  …")
    }

    @Test func `a cell is one line, of bounded width in a terminal`() {
        let table = TextTable(head: [["a\nb"]], rows: [[String(repeating: "x", count: 99)]])
        #expect(table.lines(width: 80) == ["a b", String(repeating: "x", count: 49) + "…"])
        #expect(table.lines(width: nil).last?.count == 99)
    }

    @Test func `long columns are cut, and it is said`() throws {
        let column = JSONValue.list((0..<100).map { .word(String($0)) })
        let table = try #require(TextTable(columns: .object([.init(name: "n", value: column)])))
        #expect(table.rows.count == TextTable.rowLimit && table.note == "60 of 100 rows")
    }
}
