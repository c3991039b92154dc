@testable import E2BAPI
import NIOCore

/// A multipart body; its first byte says into how large pieces the rest is cut. It gives the same in one piece.
func fuzzMultipart(_ bytes: [UInt8]) {
    guard let first = bytes.first, let boundary = MultipartBoundary(contentType: "multipart/form-data; boundary=b")
    else { return }
    let body = Array(bytes.dropFirst())
    let whole = multipartParts(body, piece: max(body.count, 1), boundary)
    let pieces = multipartParts(body, piece: Int(first) + 1, boundary)
    precondition(whole == pieces, "a multipart body is the same in whatever pieces it comes")
    let content = whole?.reduce(0) { $0 + $1.content.count } ?? 0
    precondition(content <= body.count, "no more comes out than went in")
}

private struct Part: Hashable {
    let headers: MultipartHeaders
    var content: [UInt8] = []
}

/// nil if the body is refused.
private func multipartParts(_ body: [UInt8], piece: Int, _ boundary: MultipartBoundary) -> [Part]? {
    var parser = MultipartParser(boundary: boundary)
    var parts: [Part] = []
    do {
        for start in stride(from: 0, to: body.count, by: piece) {
            parser.append(ByteBuffer(bytes: body[start..<min(start + piece, body.count)]))
            while let event = try parser.next() {
                switch event {
                case .part(let headers): parts.append(Part(headers: headers))
                case .bytes(let bytes): parts[parts.count - 1].content += bytes.readableBytesView
                case .partEnd: break
                }
            }
        }
        try parser.finish()
        return parts
    } catch {
        return nil
    }
}

func fuzzContentType(_ bytes: [UInt8]) {
    let header = text(bytes)
    if let boundary = MultipartBoundary(contentType: header) {
        let again = MultipartBoundary(contentType: "multipart/form-data; boundary=\"\(boundary.text)\"")
        precondition(again == boundary, "a boundary is read again")
    }
    _ = ContentCoding.choose(header)
    let served = ContentDisposition.inline(header)
    precondition(served.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "a file's name stays within its header")
}

/// An upload that says that it is gzip; then the same bytes there and back.
func fuzzGzip(_ bytes: [UInt8]) {
    guard var decoder = try? GzipDecoder() else { return }  // no memory
    var input = ByteBuffer(bytes: bytes)
    do {
        while input.readableBytes > 0 {
            let before = input.readableBytes
            let output = try decoder.next(from: &input)
            precondition(output.readableBytes <= ZlibStream.pieceBytes, "a piece is bounded")
            precondition(input.readableBytes < before || output.readableBytes > 0, "each turn gets on")
        }
    } catch {}  // a refusal is as good as a value
    do {
        try gzipRoundTrip(bytes)
    } catch {
        preconditionFailure("what we compress cannot be read: \(error)")
    }
}

private func gzipRoundTrip(_ bytes: [UInt8]) throws {
    var encoder = try GzipEncoder()
    var compressed = try encoder.compress(ByteBuffer(bytes: bytes))
    compressed.writeImmutableBuffer(try encoder.finish())
    var decoder = try GzipDecoder()
    var read = ByteBuffer()
    while compressed.readableBytes > 0 { read.writeImmutableBuffer(try decoder.next(from: &compressed)) }
    precondition(decoder.isComplete && read.readableBytesView.elementsEqual(bytes), "gzip gives back what it took")
}

/// A `Range` header, put to files of some sizes.
func fuzzRange(_ bytes: [UInt8]) {
    guard let range = ByteRange(text(bytes)) else { return }
    for size: UInt64 in [0, 1, 4096, .max] {
        guard let resolved = range.resolved(in: size) else { continue }
        precondition(!resolved.isEmpty && resolved.upperBound <= size, "a range lies in its file")
    }
}
