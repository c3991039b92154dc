@testable import E2BAPI
import NIOCore
import SandboxModel

/// A stream of envelopes; its first byte says into how large pieces the rest is cut.
func fuzzEnvelopes(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    var received = ByteBuffer()
    var taken = ByteBuffer()
    for start in stride(from: 1, to: bytes.count, by: Int(first) + 1) {
        received.writeBytes(bytes[start..<min(start + Int(first) + 1, bytes.count)])
        do {
            while let envelope = try ConnectEnvelope.take(from: &received, limit: EnvdLimits.messageBytes) {
                ConnectEnvelope.write(into: &taken, isEnd: envelope.isEnd) { $0.writeImmutableBuffer(envelope.payload) }
            }
        } catch {
            break
        }
    }
    let sent = bytes[1...].prefix(taken.readableBytes)
    precondition(taken.readableBytesView.elementsEqual(sent), "an envelope has one form")
}

/// One message in JSON, as each of those there are. `decode` throws nothing but a `ConnectError`: the compiler knows.
func fuzzMessages(_ bytes: [UInt8]) {
    func decode<Message: Decodable>(_ type: Message.Type) {
        _ = try? ProtoJSON.decode(type, from: ByteBuffer(bytes: bytes))  // a refusal is as good as a value
    }
    decode(StartMessage.self)
    decode(ProcessMessage.self)
    decode(StreamInputMessage.self)
    decode(PathMessage.self)
    decode(MoveMessage.self)
    decode(WatchMessage.self)
    decode(WatcherMessage.self)
    decode(EmptyMessage.self)
    if let decoded = Base64.decode(bytes) {
        var written = ByteBuffer()
        Base64.write(ByteBuffer(bytes: decoded), into: &written)
        precondition(Base64.decode(written.readableBytesView) == decoded, "what is written in base64 is read again")
    }
}

/// The body of a request to the control plane.
func fuzzBodies(_ bytes: [UInt8]) {
    func decode<Body: Decodable>(_ type: Body.Type, _ check: (Body) throws -> Void) {
        do {
            try check(WireJSON.decode(type, from: ByteBuffer(bytes: bytes)))
        } catch {
            precondition(error is APIError || error is SpecError, "a body is refused by an error of ours: \(error)")
        }
    }
    decode(CreateSandboxRequest.self) { try $0.refuseWhatIsPending() }
    decode(TimeoutRequest.self) { _ = try $0.seconds() }
    decode(RefreshRequest.self) { _ = try $0.seconds() }
    decode(ConnectRequest.self) { _ = try $0.seconds() }
}

/// A moment in a query.
func fuzzTime(_ bytes: [UInt8]) {
    guard let moment = WireTime.moment(text(bytes)) else { return }
    precondition(WireTime.moment(WireTime.text(moment)) == moment, "a moment has one form to the millisecond")
}
