import WireCoding

/// What the guest answers. `failure` may come instead of, or after, any other reply and is always the last.
public enum GuestReply: Hashable, Sendable {
    case ok
    case failure(GuestFailure)
    /// The pid inside the sandbox.
    case started(UInt32)
    case output(ProcessOutput)
    /// So many bytes of output were dropped here, since nobody was attached when they were written.
    case missed(UInt64)
    case exited(ProcessExit)
    case process(ProcessDescription)
    case entry(FileEntry)
    case bytes([UInt8])
    case event(FileEvent)
    case disk(DiskUsage)
    case end

    private enum Kind: UInt8 {
        case ok = 0x80
        case failure, started, output, missed, exited, process, entry, bytes, event, disk, end
    }

    public var frame: Frame {
        var writer = WireWriter()
        let kind: Kind
        switch self {
        case .ok: kind = .ok
        case .failure(let value): (kind, _) = (.failure, value.encode(into: &writer))
        case .started(let pid): (kind, _) = (.started, writer.write(pid))
        case .output(let value): (kind, _) = (.output, value.encode(into: &writer))
        case .missed(let count): (kind, _) = (.missed, writer.write(count))
        case .exited(let value): (kind, _) = (.exited, value.encode(into: &writer))
        case .process(let value): (kind, _) = (.process, value.encode(into: &writer))
        case .entry(let value): (kind, _) = (.entry, value.encode(into: &writer))
        case .bytes(let bytes): return Frame(kind: Kind.bytes.rawValue, payload: bytes)
        case .event(let value): (kind, _) = (.event, value.encode(into: &writer))
        case .disk(let value): (kind, _) = (.disk, value.encode(into: &writer))
        case .end: kind = .end
        }
        return Frame(kind: kind.rawValue, payload: writer.bytes)
    }

    public init(frame: Frame) throws(WireError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownTag(frame.kind) }
        var reader = WireReader(frame.payload)
        switch kind {
        case .ok: self = .ok
        case .failure: self = .failure(try GuestFailure(from: &reader))
        case .started: self = .started(try reader.integer())
        case .output: self = .output(try ProcessOutput(from: &reader))
        case .missed: self = .missed(try reader.integer())
        case .exited: self = .exited(try ProcessExit(from: &reader))
        case .process: self = .process(try ProcessDescription(from: &reader))
        case .entry: self = .entry(try FileEntry(from: &reader))
        case .bytes:
            self = .bytes(frame.payload)
            return
        case .event: self = .event(try FileEvent(from: &reader))
        case .disk: self = .disk(try DiskUsage(from: &reader))
        case .end: self = .end
        }
        try reader.finish()
    }
}
