import NIOCore
import Testing

@testable import E2BAPI

@Suite struct FileHeaderTests {
    @Test(arguments: [
        ("bytes=0-9", 0..<10), ("bytes=90-", 90..<100), ("bytes=-10", 90..<100), ("bytes=-1000", 0..<100),
        ("bytes=50-1000", 50..<100), ("Bytes= 1 - 2", 1..<3), ("bytes=0-18446744073709551615", 0..<100),
    ] as [(String, Range<UInt64>)])
    func `a range is cut to the file`(header: String, range: Range<UInt64>) throws {
        #expect(try #require(ByteRange(header)).resolved(in: 100) == range)
    }

    @Test(arguments: ["bytes=100-", "bytes=100-200", "bytes=-0"])
    func `a range beyond the file is none`(header: String) throws {
        #expect(try #require(ByteRange(header)).resolved(in: 100) == nil)
    }

    @Test func `an empty file has no range`() throws {
        #expect(try #require(ByteRange("bytes=0-")).resolved(in: 0) == nil)
        #expect(try #require(ByteRange("bytes=-5")).resolved(in: 0) == nil)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=2-1", "bytes=0-1,3-4", "lines=1-2", "bytes=--1",
        "bytes=1-2-3", "bytes=+1-2", "bytes=99999999999999999999-",
    ])
    func `a range that is none, or several, is ignored`(header: String) {
        #expect(ByteRange(header) == nil)
    }

    @Test(arguments: [
        (nil, .identity), ("gzip", .gzip), ("GZIP;q=0.5", .gzip), ("gzip, deflate", .identity),
        ("gzip, deflate, br, zstd", .identity), ("identity", .identity), ("*", .identity), ("", .identity),
        ("gzip;q=0", .identity), ("identity;q=0, gzip", .gzip), ("*;q=0, gzip", .gzip), ("*;q=0", nil),
        ("identity;q=0", nil), ("br", .identity),
    ] as [(String?, ContentCoding?)])
    func `gzip is for those who ask for it alone or refuse the rest`(header: String?, coding: ContentCoding?) {
        #expect(ContentCoding.choose(header) == coding)
    }

    @Test(arguments: [
        ("a.txt", #"inline; filename="a.txt""#), (#"a"b\.txt"#, #"inline; filename="a\"b\\.txt""#),
        ("ä b", "inline; filename*=utf-8''%C3%A4%20b"), ("a\r\nX: y", "inline; filename*=utf-8''a%0D%0AX%3A%20y"),
    ])
    func `a name cannot leave its header`(name: String, header: String) {
        #expect(ContentDisposition.inline(name) == header)
    }

    @Test(arguments: [
        (0o100644, "-rw-r--r--"), (0o040755, "drwxr-xr-x"), (0o120777, "Lrwxrwxrwx"), (0o041777, "dtrwxrwxrwx"),
        (0o104755, "urwxr-xr-x"), (0o102755, "grwxr-xr-x"), (0o020666, "Dcrw-rw-rw-"), (0o060660, "Drw-rw----"),
        (0o010600, "prw-------"), (0o140777, "Srwxrwxrwx"), (0o100000, "----------"),
    ] as [(UInt32, String)])
    func `permissions are written as Go writes them`(mode: UInt32, text: String) {
        #expect(PermissionText(mode: mode).description == text)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_732_363_200_000_000_000, "2024-11-23T12:00:00Z"),
        (951_782_400_123_000_000, "2000-02-29T00:00:00.123Z"), (1_000, "1970-01-01T00:00:00.000001Z"),
        (1, "1970-01-01T00:00:00.000000001Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
        (-86_400_000_000_000, "1969-12-31T00:00:00Z"), (Int64.max, "2262-04-11T23:47:16.854775807Z"),
        (Int64.min, "1677-09-21T00:12:43.145224192Z"),
    ] as [(Int64, String)])
    func `a time is RFC 3339`(nanoseconds: Int64, text: String) {
        #expect(ProtoTimestamp.text(nanoseconds: nanoseconds) == text)
    }
}
