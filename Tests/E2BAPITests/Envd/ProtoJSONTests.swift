import Foundation
import GuestProtocol
import NIOCore
import Testing

@testable import E2BAPI

@Suite struct ProtoJSONTests {
    private func decode<Message: Decodable>(_ type: Message.Type, _ json: String) throws -> Message {
        try ProtoJSON.decode(type, from: ByteBuffer(string: json))
    }

    @Test(arguments: ["includeEntry", "include_entry"])
    func `a field goes by its JSON name or its own`(name: String) throws {
        #expect(try decode(WatchMessage.self, #"{"path":"/x","\#(name)":true}"#).includesEntry)
    }

    @Test func `unknown fields are ignored and null is absent`() throws {
        let message = try decode(WatchMessage.self, #"{"path":"/x","recursive":null,"future":{"a":[1]}}"#)
        #expect(message.path == "/x")
        #expect(!message.isRecursive)
    }

    @Test(arguments: ["7", #""7""#, "7.0", #""7.0""#, "7e0"])
    func `an integer is a number or a text`(json: String) throws {
        #expect(try decode(PathMessage.self, #"{"path":"","depth":\#(json)}"#).depth == 7)
    }

    @Test(arguments: ["-1", "4294967296", "1.5", "true", #""x""#, "[1]", "{}", #""""#])
    func `what is no such integer is refused`(json: String) {
        #expect(throws: ConnectError.self) { try decode(PathMessage.self, #"{"path":"","depth":\#(json)}"#) }
    }

    @Test(arguments: [#""SIGNAL_SIGKILL""#, "9"])
    func `a signal goes by its name or number`(json: String) throws {
        let message = try decode(ProcessMessage.self, #"{"process":{"pid":1},"signal":\#(json)}"#)
        #expect(message.signal?.number == 9)
    }

    @Test(arguments: [
        ("{}", "process"), (#"{"process":{}}"#, "one of pid and tag"),
        (#"{"process":{"pid":1,"tag":"t"}}"#, "one of pid and tag"),
        (#"{"process":{"pid":1},"input":{}}"#, "one of stdin and pty"),
        (#"{"process":{"pid":1},"input":{"stdin":"","pty":""}}"#, "one of stdin and pty"),
        (#"{"process":{"pid":1},"input":{"stdin":"a"}}"#, "not base64"),
        (#"{"process":{"pid":1},"signal":"SIGHUP"}"#, "SIGHUP"),
        (#"{"process":{"pid":1},"pty":{"size":{"cols":70000,"rows":1}}}"#, "70000"),
    ])
    func `a request that names no one process or thing is refused by name`(json: String, reason: String) {
        let error = #expect(throws: ConnectError.self) { try decode(ProcessMessage.self, json) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["", "{", "[]", "7", "null", "{}x", "\u{0}", #"{"path":"\#u{0}"}"#, #"{"path":7}"#])
    func `what is not JSON of the message is refused`(json: String) {
        #expect(throws: ConnectError.self) { try decode(PathMessage.self, json) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        let bytes = ByteBuffer(bytes: Array(#"{"path":""#.utf8) + [0xff] + Array(#""}"#.utf8))
        #expect(throws: ConnectError.self) { try ProtoJSON.decode(PathMessage.self, from: bytes) }
    }

    @Test func `deep nesting is refused before it is parsed`() {
        let json = #"{"a":"# + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}"
        let error = #expect(throws: ConnectError.self) { try decode(PathMessage.self, json) }
        #expect(error?.message.contains("nests deeper") == true)
        #expect(ProtoJSON.depth(of: ByteBuffer(string: #"{"a":"[[[\"[["}"#)) == 1)
    }

    @Test func `a start without stdin has an input, as before the field existed`() throws {
        #expect(try decode(StartMessage.self, #"{"process":{"cmd":"a"}}"#).hasInput)
        #expect(try !decode(StartMessage.self, #"{"process":{"cmd":"a"},"stdin":false}"#).hasInput)
    }

    @Test func `base64 is Foundation's, of every length`() {
        for length in 0..<200 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            var encoded = ByteBuffer()
            Base64.write(ByteBuffer(bytes: bytes), into: &encoded)
            #expect(String(buffer: encoded) == Data(bytes).base64EncodedString())
            #expect(Base64.encodedBytes(length) == encoded.readableBytes)
            #expect(Base64.decode(encoded.readableBytesView) == bytes)
        }
    }

    @Test(arguments: [("-_8", [0xfb, 0xff]), ("+/8=", [0xfb, 0xff]), ("AA", [0]), ("", [])] as [(String, [UInt8])])
    func `both alphabets are taken, padded or not`(text: String, bytes: [UInt8]) {
        #expect(Base64.decode(text.utf8) == bytes)
    }

    @Test(arguments: ["A", "AAAAA", "A=", "AA=", "AAA==", "====", "A A=", "AA\n=", "AAAA="])
    func `what is not base64 is not decoded`(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }
}
