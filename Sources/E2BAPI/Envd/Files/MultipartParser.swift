import NIOCore

/// Cuts a `multipart/form-data` body, RFC 7578 and RFC 2046 section 5.1, as it arrives. Strict: the body begins with
/// the boundary, lines end in CRLF, and nothing but a line's end stands behind the last boundary. Holds no more than
/// the bytes that were given last, a part's headers and a boundary.
struct MultipartParser {
    enum Event: Hashable {
        case part(MultipartHeaders)
        case bytes(ByteBuffer)
        case partEnd
    }

    private enum State {
        case start
        case headers
        case content
        /// Right behind a boundary.
        case afterBoundary
        /// Behind the last boundary: a line's end, or nothing.
        case epilogue
        case over
    }

    private let delimiter: [UInt8]
    private var state = State.start
    private var held = ByteBuffer()

    init(boundary: MultipartBoundary) {
        delimiter = Array("\r\n--\(boundary.text)".utf8)
    }

    /// Gives the parser more of the body. Only when `next` has given nil.
    mutating func append(_ bytes: ByteBuffer) {
        if held.readableBytes == 0 {
            held = bytes
        } else {
            held.discardReadBytes()
            held.writeImmutableBuffer(bytes)
        }
    }

    /// The next event, or nil until more bytes come.
    mutating func next() throws(MultipartError) -> Event? {
        while true {
            switch state {
            case .start:
                guard let isDelimiter = takePrefix(delimiter[2...]) else { return nil }
                guard isDelimiter else { throw MultipartError("the body does not begin with the boundary") }
                state = .afterBoundary
            case .afterBoundary:
                guard try takeBoundaryEnd() else { return nil }
            case .headers:
                guard let headers = try takeHeaders() else { return nil }
                state = .content
                return .part(headers)
            case .content:
                return takeContent()
            case .epilogue:
                guard let isLineEnd = takePrefix(Array("\r\n".utf8)[...]) else { return nil }
                guard isLineEnd else { throw MultipartError("bytes behind the last boundary") }
                state = .over
            case .over:
                guard held.readableBytes == 0 else { throw MultipartError("bytes behind the last boundary") }
                return nil
            }
        }
    }

    /// To be called when the body is over and `next` has given nil.
    /// - Throws: if the last boundary has not come.
    func finish() throws(MultipartError) {
        guard [.epilogue, .over].contains(state), held.readableBytes == 0 else {
            throw MultipartError("the body ends before its last boundary")
        }
    }

    /// - Returns: nil until enough bytes are there; false if others are.
    private mutating func takePrefix(_ prefix: ArraySlice<UInt8>) -> Bool? {
        let there = held.readableBytesView.prefix(prefix.count)
        guard there.elementsEqual(prefix.prefix(there.count)) else { return false }
        guard there.count == prefix.count else { return nil }
        held.moveReaderIndex(forwardBy: prefix.count)
        return true
    }

    /// A line's end if another part follows, `--` if none does.
    private mutating func takeBoundaryEnd() throws(MultipartError) -> Bool {
        guard held.readableBytes >= 2 else { return false }
        if takePrefix(Array("--".utf8)[...]) == true {
            state = .epilogue
            return true
        }
        guard takePrefix(Array("\r\n".utf8)[...]) == true else {
            throw MultipartError("a boundary with something behind it")
        }
        state = .headers
        return true
    }

    private mutating func takeHeaders() throws(MultipartError) -> MultipartHeaders? {
        let view = held.readableBytesView
        let limit = EnvdLimits.partHeaderBytes
        guard let end = Self.endOfHeaders(view.prefix(limit)) else {
            guard view.count < limit else { throw MultipartError("a part's headers are over \(limit) bytes") }
            return nil
        }
        let lines = Array(view[view.startIndex..<end])
        held.moveReaderIndex(forwardBy: end - view.startIndex)
        return try MultipartHeaders(lines)
    }

    /// Behind the empty line. A part may have no headers at all.
    private static func endOfHeaders(_ view: ByteBufferView) -> Int? {
        if view.starts(with: Array("\r\n".utf8)) { return view.startIndex + 2 }
        let end = Array("\r\n\r\n".utf8)
        var rest = view
        while let index = rest.firstIndex(of: end[0]) {
            rest = rest[index...]
            if rest.starts(with: end) { return index + end.count }
            rest = rest.dropFirst()
        }
        return nil
    }

    /// Content up to the next boundary, or up to what may be its beginning.
    private mutating func takeContent() -> Event? {
        if takePrefix(delimiter[...]) == true {
            state = .afterBoundary
            return .partEnd
        }
        let length = held.withUnsafeReadableBytes { Self.contentLength($0, delimiter) }
        guard length > 0, let bytes = held.readSlice(length: length) else { return nil }
        return .bytes(bytes)
    }

    /// How many bytes come before the first place where the delimiter stands, or may stand once more bytes are there.
    private static func contentLength(_ bytes: UnsafeRawBufferPointer, _ delimiter: [UInt8]) -> Int {
        var start = 0
        while start < bytes.count, let index = bytes[start...].firstIndex(of: delimiter[0]) {
            let there = bytes[index...].prefix(delimiter.count)
            if there.elementsEqual(delimiter.prefix(there.count)) { return index }
            start = index + 1
        }
        return bytes.count
    }
}
