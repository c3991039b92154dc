import WireCoding

/// One datagram to the spawner. `number` comes back in the answer.
public struct SpawnerRequest: WireValue, Hashable {
    /// Raised with every change of these messages; a spawner of another version refuses the connection's requests.
    public static let protocolVersion: UInt32 = 2
    /// Largest datagram either way, in bytes.
    public static let datagramBytes = 64 << 10
    /// Largest payload of `land`, in bytes.
    public static let landPayloadBytes = 32 << 10

    /// The closed vocabulary.
    public enum Operation: Hashable, Sendable {
        /// First on every connection. Answer: `welcome`.
        case hello(protocolVersion: UInt32)
        /// Answer: `created`. On `failed`, nothing is left.
        case create(CreateSandbox)
        /// Answer: `done`.
        case setDeadline(sandboxID: String, deadlineMilliseconds: Int64)
        /// Kills everything in the sandbox. Answer: `done`, also if it is not there; `ended` comes when all is gone.
        case destroy(sandboxID: String)
        /// Answer: `sandboxes`, as many datagrams as it takes, the last with `isLast`.
        case list
        /// Answer: `usage`.
        case usage(sandboxID: String)
        /// Answer: `done` once the zygote is warm, at once if the family has one of the same description; another one
        /// of the family's is ended first. On `failed`, there is none. Others are answered meanwhile.
        case startZygote(StartZygote)
        /// Ends the family's zygote; what it forked lives on. Answer: `done`, also if there is none.
        case endZygote(family: String)
        /// Forks the zygote of the sandbox's family into the sandbox. Answer: `landed`. `notFound` with the step
        /// `zygote` if the family has none that fits. Others are answered meanwhile.
        case land(sandboxID: String, payload: [UInt8])
    }

    public var number: UInt64
    public var operation: Operation

    public init(number: UInt64, operation: Operation) {
        self.number = number
        self.operation = operation
    }

    private enum Tag: UInt8 {
        case hello = 1
        case create, setDeadline, destroy, list, usage, startZygote, endZygote, land
    }

    public func encode(into writer: inout WireWriter) {
        writer.write(number)
        switch operation {
        case .hello(let version):
            writer.write(Tag.hello.rawValue)
            writer.write(version)
        case .create(let sandbox):
            writer.write(Tag.create.rawValue)
            sandbox.encode(into: &writer)
        case .setDeadline(let id, let deadline):
            writer.write(Tag.setDeadline.rawValue)
            writer.write(id)
            writer.write(deadline)
        case .destroy(let id):
            writer.write(Tag.destroy.rawValue)
            writer.write(id)
        case .list:
            writer.write(Tag.list.rawValue)
        case .usage(let id):
            writer.write(Tag.usage.rawValue)
            writer.write(id)
        case .startZygote(let zygote):
            writer.write(Tag.startZygote.rawValue)
            zygote.encode(into: &writer)
        case .endZygote(let family):
            writer.write(Tag.endZygote.rawValue)
            writer.write(family)
        case .land(let id, let payload):
            writer.write(Tag.land.rawValue)
            writer.write(id)
            writer.write(payload)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        number = try reader.integer()
        let rawTag = try reader.integer(UInt8.self)
        guard let tag = Tag(rawValue: rawTag) else { throw .unknownTag(rawTag) }
        switch tag {
        case .hello: operation = .hello(protocolVersion: try reader.integer())
        case .create: operation = .create(try CreateSandbox(from: &reader))
        case .setDeadline:
            operation = .setDeadline(
                sandboxID: try reader.text(limit: 64), deadlineMilliseconds: try reader.integer())
        case .destroy: operation = .destroy(sandboxID: try reader.text(limit: 64))
        case .list: operation = .list
        case .usage: operation = .usage(sandboxID: try reader.text(limit: 64))
        case .startZygote: operation = .startZygote(try StartZygote(from: &reader))
        case .endZygote: operation = .endZygote(family: try reader.text(limit: 128))
        case .land:
            operation = .land(
                sandboxID: try reader.text(limit: 64), payload: try reader.blob(limit: Self.landPayloadBytes))
        }
    }
}
