/// What is known of a connection, whatever is spoken on it.
struct ConnectionFacts: Sendable {
    /// The peer's address, as text; nil for a unix socket.
    let peer: String?
    private(set) var isSecure = false
    /// How many CONNECTs lie around what is spoken.
    private(set) var connectDepth = 0

    init(peer: String?) {
        self.peer = peer
    }

    func insideTLS() -> ConnectionFacts {
        var inside = self
        inside.isSecure = true
        return inside
    }

    func insideConnect() -> ConnectionFacts {
        var inside = self
        inside.connectDepth += 1
        return inside
    }
}
