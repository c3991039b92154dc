import GuestProtocol
import SpawnerProtocol
import WireCoding

/// Whatever the bytes, a decoder answers a value or a `WireError`; and what it takes, it writes again to the letter.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProtocols(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    fuzzFrames(bytes)
    if let request = try? SpawnerRequest(wireBytes: bytes) {  // a refusal is as good as a value
        precondition(request.wireBytes == bytes, "a request has one form")
    }
    if let answer = try? SpawnerAnswer(wireBytes: bytes) {  // a refusal is as good as a value
        precondition(answer.wireBytes == bytes, "an answer has one form")
    }
    return 0
}

/// The input is a stream: its first byte says into how large pieces the rest is cut.
private func fuzzFrames(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let step = Int(first) + 1
    var decoder = FrameDecoder()
    var position = 1
    while position < bytes.count {
        let end = min(position + step, bytes.count)
        decoder.append(bytes[position..<end])
        position = end
        do {
            while let frame = try decoder.next() { fuzzMessages(frame) }
        } catch {
            return
        }
    }
}

private func fuzzMessages(_ frame: Frame) {
    if let request = try? GuestRequest(frame: frame) {  // a refusal is as good as a value
        precondition(request.frame == frame, "a request has one form")
    }
    if let reply = try? GuestReply(frame: frame) {  // a refusal is as good as a value
        precondition(reply.frame == frame, "a reply has one form")
    }
    if let followUp = try? GuestFollowUp(frame: frame) {  // a refusal is as good as a value
        precondition(followUp.frame == frame, "a follow-up has one form")
    }
}
