import Foundation
import KernelProtocol
import NIOCore
import Synchronization

/// A kernel whose language is a few words: each execution's code is one of them.
final class FakeKernel: Sendable {
    private struct State {
        var isAlive = true
        var isBusy = false
        var count = 0
        var codes: [String] = []
        var environments: [[String: String]] = []
        var interrupts = 0
        /// One came while something ran and nothing waited for it.
        var isInterrupted = false
        var connections: [ObjectIdentifier: any Channel] = [:]
        var lines: Set<ObjectIdentifier> = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let pid: UInt32
    let context: String
    let language: String
    let cwd: String
    private let state = Mutex(State())

    init(pid: UInt32, context: String, language: String, cwd: String) {
        self.pid = pid
        self.context = context
        self.language = language
        self.cwd = cwd
    }

    var isAlive: Bool { state.withLock { $0.isAlive } }
    var isBusy: Bool { state.withLock { $0.isBusy } }
    var codes: [String] { state.withLock { $0.codes } }
    var environments: [[String: String]] { state.withLock { $0.environments } }
    var interrupts: Int { state.withLock { $0.interrupts } }

    /// Connections on which nothing was asked yet.
    var lineCount: Int { state.withLock { $0.lines.count } }

    func beBusy(_ isBusy: Bool = true) {
        state.withLock { $0.isBusy = isBusy }
    }

    func interrupt() {
        let waiters = state.withLock { state in
            state.interrupts += 1
            if state.isBusy, state.waiters.isEmpty { state.isInterrupted = true }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func die() {
        let (connections, waiters) = state.withLock { state in
            state.isAlive = false
            defer { (state.connections, state.waiters) = ([:], []) }
            return (Array(state.connections.values), state.waiters)
        }
        for connection in connections { connection.close(promise: nil) }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: - One connection

    func serve(_ wire: inout FakeWire) async throws {
        let channel = wire.channel
        state.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
        defer { state.withLock { $0.connections[ObjectIdentifier(channel)] = nil } }
        let (isIdle, isMute) = (!isBusy, language == "mute")
        if !isMute {
            try await wire.write(
                0x80,
                #"{"protocol":1,"pid":\#(pid),"context":"\#(context)","language":"\#(language)","cwd":"\#(cwd)","#
                    + #""idle":\#(isIdle)}"#)
        }
        while isMute, try await wire.frame() != nil {}
        guard let request = try await firstFrame(&wire), request.kind == KernelRequest.executeKind else { return }
        let json = try JSONDecoder().decode(Request.self, from: Data(request.payload))
        let count = state.withLock { state in
            state.codes.append(json.code)
            state.environments.append(json.environment)
            state.count += 1
            (state.isBusy, state.isInterrupted) = (true, false)
            return state.count
        }
        defer { beBusy(false) }
        try await run(json.code, count, wire)
    }

    private func firstFrame(_ wire: inout FakeWire) async throws -> (kind: UInt8, payload: [UInt8])? {
        let line = ObjectIdentifier(wire.channel)
        state.withLock { _ = $0.lines.insert(line) }
        defer { state.withLock { _ = $0.lines.remove(line) } }
        return try await wire.frame()
    }

    private struct Request: Decodable {
        let code: String
        let environment: [String: String]
    }

    /// The words. `a;b` is one after the other.
    private func run(_ code: String, _ count: Int, _ wire: FakeWire) async throws {
        try await wire.write(0x81, #"{"execution_count":\#(count)}"#)
        for word in code.split(separator: ";") {
            let parts = word.split(separator: " ", maxSplits: 1).map(String.init)
            let argument = parts.count > 1 ? parts[1] : ""
            switch parts[0] {
            case "say": try await wire.write(0x82, argument)
            case "hex": try await wire.write(KernelFrame.bytes(kind: 0x82, payload: Self.bytes(argument)))
            case "complain": try await wire.write(0x83, argument)
            case "value": try await wire.write(0x84, #"{"main":true,"data":{"text/plain":"\#(argument)"}}"#)
            case "show": try await wire.write(0x84, argument)
            case "raise": try await wire.write(0x85, #"{"name":"\#(argument)","value":"v","traceback":"t"}"#)
            case "big": try await wire.write(0x84, Self.result(ofBytes: Int(argument) ?? 0))
            case "half":
                // The first half of a result.
                let frame = KernelFrame.bytes(kind: 0x84, payload: Array(Self.result(ofBytes: Int(argument) ?? 0).utf8))
                try await wire.write(Array(frame.prefix(frame.count / 2)))
            case "frame": try await wire.write(Self.bytes(argument))
            case "flood": while true { try await wire.write(0x82, String(repeating: "x", count: 60_000)) }
            case "die":
                die()
                return
            case "hangup": return
            case "wait":
                await interruption()
                guard isAlive else { return }
                try await wire.write(0x85, #"{"name":"KeyboardInterrupt","value":"","traceback":""}"#)
            case "ignore":
                while isAlive { await interruption() }
                return
            default: break
            }
        }
        try await wire.write(0x8f, "")
    }

    private func interruption() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                let isOver = state.isInterrupted || !state.isAlive
                state.isInterrupted = false
                if !isOver { state.waiters.append(waiter) }
                return isOver
            }
            if isOver { waiter.resume() }
        }
    }

    private static func result(ofBytes count: Int) -> String {
        let (head, tail) = (#"{"main":true,"data":{"text/plain":""#, #""}}"#)
        return head + String(repeating: "x", count: max(0, count - head.utf8.count - tail.utf8.count)) + tail
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        stride(from: 0, to: hexadecimal.count, by: 2).compactMap { start in
            UInt8(hexadecimal.dropFirst(start).prefix(2), radix: 16)
        }
    }
}

extension FakeWire {
    func write(_ kind: UInt8, _ payload: String) async throws {
        try await write(KernelFrame.bytes(kind: kind, payload: Array(payload.utf8)))
    }
}
