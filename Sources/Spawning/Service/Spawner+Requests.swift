import Glibc
import SpawnerProtocol

extension Spawner {
    /// Descriptions per datagram of a list: each is at most 80 bytes.
    private static let listPage = 500
    /// Requests taken from one connection before others have their turn.
    private static let turnLength = 16

    /// Takes the requests that a connection has ready, a turn's length at most.
    func serve(_ connection: ServerConnection, token: UInt64) {
        do {
            for _ in 0..<Self.turnLength {
                guard let request = try connection.receive() else { return }
                try answer(request, on: connection, token: token)
            }
        } catch {
            drop(token, error)
        }
    }

    func drop(_ token: UInt64, _ end: ServerConnection.End) {
        connections[token] = nil
        if case .closed = end { return }
        log.write("dropped a connection: \(end)")
    }

    /// Answers a request of earlier, unless who asked went away meanwhile.
    func tell(_ asker: Asker, _ content: SpawnerAnswer.Content) {
        guard let connection = connections[asker.connection] else { return }
        do { try connection.send(SpawnerAnswer(number: asker.number, content: content)) } catch {
            drop(asker.connection, error)
        }
    }

    /// Tells every server that said hello.
    func announce(_ content: SpawnerAnswer.Content) {
        for (token, connection) in connections where connection.isWelcome {
            do { try connection.send(SpawnerAnswer(number: 0, content: content)) } catch { drop(token, error) }
        }
    }

    private func answer(
        _ request: SpawnerRequest, on connection: ServerConnection, token: UInt64
    ) throws(ServerConnection.End) {
        if case .list = request.operation, connection.isWelcome {
            return try sendList(request.number, on: connection)
        }
        let asker = Asker(connection: token, number: request.number)
        let content: SpawnerAnswer.Content?
        do {
            content = try perform(request.operation, on: connection, for: asker)
        } catch {
            log.write("request \(request.number) failed at \(error.step): \(error.message)")
            content = .failed(error)
        }
        if let content { try connection.send(SpawnerAnswer(number: request.number, content: content)) }
    }

    /// - Returns: nil if `asker` is answered later.
    private func perform(
        _ operation: SpawnerRequest.Operation, on connection: ServerConnection, for asker: Asker
    ) throws(SpawnFailure) -> SpawnerAnswer.Content? {
        if case .hello(let version) = operation { return try welcome(version, connection) }
        guard connection.isWelcome else { throw .refusing("request", "first", allowed: "hello") }
        switch operation {
        case .hello, .list: return .done  // answered above
        case .create(let request):
            try create(request, for: asker)
            return nil
        case .setDeadline(let id, let deadline):
            guard deadline > 0 else {
                throw .refusing("deadlineMilliseconds", deadline, allowed: "a time after 1970")
            }
            try sandbox(id).deadline = deadline
            return .done
        case .destroy(let id):
            if let sandbox = sandboxes[id] { kill(sandbox, for: .destroyed) }
            return .done
        case .usage(let id): return .usage(try usage(of: try sandbox(id)))
        case .startZygote(let request): return try startZygote(request, for: asker) ? .done : nil
        case .endZygote(let family):
            endZygotes(of: family)
            return .done
        case .land(let id, let payload):
            try land(in: try sandbox(id), payload, for: asker)
            return nil
        }
    }

    private func welcome(
        _ version: UInt32, _ connection: ServerConnection
    ) throws(SpawnFailure) -> SpawnerAnswer.Content {
        guard version == SpawnerRequest.protocolVersion else {
            throw .refusing("protocolVersion", version, allowed: "\(SpawnerRequest.protocolVersion)")
        }
        connection.isWelcome = true
        return .welcome(protocolVersion: SpawnerRequest.protocolVersion, bootID: bootID)
    }

    func sandbox(_ id: String) throws(SpawnFailure) -> Sandbox {
        guard let sandbox = sandboxes[id], sandbox.killedFor == nil, sandbox.end == nil else {
            throw SpawnFailure(.notFound, step: "sandboxID", message: "there is no sandbox \(id)")
        }
        return sandbox
    }

    private func usage(of sandbox: Sandbox) throws(SpawnFailure) -> SandboxUsage {
        do {
            let usage = try sandbox.cgroup.usage()
            return SandboxUsage(
                cpuMicroseconds: usage.cpuMicroseconds, memoryBytes: usage.memoryBytes, cacheBytes: usage.cacheBytes,
                memoryLimitBytes: usage.memoryLimitBytes, processes: usage.processes,
                outOfMemoryKills: usage.outOfMemoryKills)
        } catch {
            throw SpawnFailure(error, step: "read usage")
        }
    }

    private func sendList(_ number: UInt64, on connection: ServerConnection) throws(ServerConnection.End) {
        var rest = sandboxes.values.filter { $0.end == nil }.map {
            RunningSandboxDescription(sandboxID: $0.id, hostPid: $0.pid, deadlineMilliseconds: $0.deadline)
        }[...]
        repeat {
            let page = Array(rest.prefix(Self.listPage))
            rest = rest.dropFirst(page.count)
            try connection.send(SpawnerAnswer(number: number, content: .sandboxes(page, isLast: rest.isEmpty)))
        } while !rest.isEmpty
    }
}
