/// What a kernel says. Hostile: a value that exists was checked to the last byte.
public enum KernelMessage: Hashable, Sendable {
    /// At once, on every connection.
    case hello(KernelHello)
    /// How many runs there were, this one included.
    case count(Int)
    /// May begin and end in the middle of a character.
    case output(OutputStream, [UInt8])
    case result(KernelResult)
    /// A result that is none, in a frame that is whole: the kernel may go on.
    case badResult(KernelProtocolError)
    case error(KernelError)
    /// A frame with a payload of so many bytes, which its reader had no room for.
    case dropped(Int)
    /// The last word of a run.
    case end

    public enum OutputStream: Hashable, Sendable, CaseIterable {
        case standardOutput
        case standardError
    }

    public enum Kind: UInt8, Sendable, CaseIterable {
        case hello = 0x80
        case count = 0x81
        case stdout = 0x82
        case stderr = 0x83
        case result = 0x84
        case error = 0x85
        case end = 0x8f

        /// Of the payload, in bytes.
        public var limit: Int {
            switch self {
            case .hello: KernelLimits.helloBytes
            case .count: KernelLimits.countBytes
            case .stdout, .stderr: KernelLimits.outputBytes
            case .result: KernelLimits.resultBytes
            case .error: KernelLimits.errorBytes
            case .end: 0
            }
        }
    }

    init(_ kind: Kind, _ payload: [UInt8]) throws(KernelProtocolError) {
        switch kind {
        case .hello: self = .hello(try KernelHello(json: payload))
        case .count: self = .count(try Self.count(payload))
        case .stdout: self = .output(.standardOutput, payload)
        case .stderr: self = .output(.standardError, payload)
        case .result:
            do throws(KernelProtocolError) {
                self = .result(try KernelResult(json: payload))
            } catch {
                self = .badResult(error)
            }
        case .error: self = .error(try KernelError(json: payload))
        case .end: self = .end
        }
    }

    private static func count(_ payload: [UInt8]) throws(KernelProtocolError) -> Int {
        var count: Int?
        try JSONScanner.object(payload) { (scanner, name) throws(KernelProtocolError) in
            guard name == "execution_count" else { throw .unknownField(name) }
            count = try scanner.integer(name, in: 0...Int(Int32.max))
        }
        guard let count else { throw .missingField("execution_count") }
        return count
    }
}
