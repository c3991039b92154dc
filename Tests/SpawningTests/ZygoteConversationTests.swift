import SpawnerProtocol
import Testing

@testable import Spawning

@Suite struct ZygoteConversationTests {
    private typealias Conversation = ZygoteConversation<Int>

    private static let ready: [UInt8] = [1]
    private static let landed: [UInt8] = [2, 7, 0, 0, 0]
    private static let failed: [UInt8] = [3, 1, 0, 0, 0] + Array("fork".utf8)
    private static let pong: [UInt8] = [4]

    /// One that is warm, with so many landings, of which as many as it may have are sent.
    private static func warm(landings: Int = 0) throws -> Conversation {
        var conversation = Conversation(100, now: 0)
        _ = try conversation.take(ready, now: 0)
        for number in 0..<landings { _ = conversation.land(number, in: "s", process: 1, [], now: 0) }
        while let order = conversation.next(now: 0) { conversation.sentNext(order) }
        return conversation
    }

    @Test func `all who asked for it are told when it is warm, and later ones need not ask`() throws {
        var conversation = Conversation(1, now: 0)
        let waits = conversation.await(2)
        #expect(waits && !conversation.isWarm)
        guard case .warm(let askers) = try conversation.take(Self.ready, now: 5) else { return #expect(Bool(false)) }
        #expect(askers == [1, 2] && conversation.isWarm)
        let waitsStill = conversation.await(3)
        #expect(!waitsStill)
    }

    @Test func `it has few orders at once, and answers them in order`() throws {
        var conversation = try Self.warm(landings: Conversation.sentLimit + 2)
        #expect(conversation.next(now: 0) as Conversation.Order? == nil)
        guard case .landed(0, pid: 7) = try conversation.take(Self.landed, now: 1) else { return #expect(Bool(false)) }
        guard case .failed(1, let failure) = try conversation.take(Self.failed, now: 1) else {
            return #expect(Bool(false))
        }
        #expect(failure.step == "fork" && failure.errorNumber == 1)
        guard case .land(let next) = conversation.next(now: 1) else { return #expect(Bool(false)) }
        #expect(next.asker == Conversation.sentLimit)
    }

    @Test func `no more wait than the limit`() throws {
        var conversation = try Self.warm()
        for number in 0..<Conversation.waitingLimit {
            let isTaken = conversation.land(number, in: "s", process: 1, [], now: 0)
            #expect(isTaken)
        }
        let isTaken = conversation.land(0, in: "s", process: 1, [], now: 0)
        #expect(!isTaken)
        #expect(conversation.removeAll().count == Conversation.waitingLimit)
        #expect(conversation.removeAll().isEmpty)
    }

    @Test(arguments: [
        [], [0], [5], [1, 1], [2], [2, 7, 0, 0], [2, 1, 0, 0, 0], [2, 0, 0, 0, 128], [2, 7, 0, 0, 0, 0], [3, 1],
        [4, 4], [UInt8](repeating: 3, count: 257),
    ] as [[UInt8]])
    func `what is no message is nonsense`(bytes: [UInt8]) throws {
        var conversation = try Self.warm(landings: 1)
        #expect(throws: ZygoteNonsense.self) { try conversation.take(bytes, now: 0) }
        #expect(conversation.removeAll() == [0])
    }

    @Test func `an answer that nobody asked for, or to another question, is nonsense`() throws {
        for bytes in [Self.ready, Self.landed, Self.failed, Self.pong] {
            var silent = try Self.warm()
            #expect(throws: ZygoteNonsense.self) { try silent.take(bytes, now: 0) }
        }
        for bytes in [Self.ready, Self.pong] {
            var asked = try Self.warm(landings: 1)
            #expect(throws: ZygoteNonsense.self) { try asked.take(bytes, now: 0) }
        }
        for bytes in [Self.landed, Self.failed, Self.pong] {
            var cold = Conversation(1, now: 0)
            #expect(throws: ZygoteNonsense.self) { try cold.take(bytes, now: 0) }
            #expect(cold.removeAll() == [1])
        }
    }

    @Test func `who is not warm in time, or answers too late, is late`() throws {
        let cold = Conversation(1, now: 10)
        #expect(!cold.isLate(9 + Conversation.warmingPatience) && cold.isLate(10 + Conversation.warmingPatience))
        let warm = try Self.warm(landings: 1)
        #expect(!warm.isLate(Conversation.landingPatience - 1) && warm.isLate(Conversation.landingPatience))
        #expect(warm.nextMoment == Conversation.landingPatience)
        var idle = try Self.warm()
        #expect(!idle.isLate(.max - 1))
        // A landing that waits for its turn is late, too.
        _ = idle.land(1, in: "s", process: 1, [], now: 0)
        #expect(idle.isLate(Conversation.landingPatience))
    }

    @Test func `one that was silent for long is asked whether it is well, once`() throws {
        var conversation = try Self.warm()
        let moment = conversation.nextMoment
        #expect(conversation.next(now: moment - 1) == nil)
        guard let ping = conversation.next(now: moment), case .ping = ping else { return #expect(Bool(false)) }
        conversation.sentNext(ping)
        #expect(conversation.next(now: moment) == nil && conversation.isLate(moment + Conversation.pongPatience))
        guard case .well = try conversation.take(Self.pong, now: moment + 1) else { return #expect(Bool(false)) }
        #expect(!conversation.isLate(moment + Conversation.pongPatience) && conversation.nextMoment > moment)
    }

    @Test func `a step that is no text is not repeated as it is`() throws {
        var conversation = try Self.warm(landings: 1)
        let bytes: [UInt8] = [3, 0, 0, 0, 0, 0x1b, 0x5b, 0x41, 0xff]
        guard case .failed(0, let failure) = try conversation.take(bytes, now: 0) else { return #expect(Bool(false)) }
        #expect(failure.step == "?[A?")
    }
}
