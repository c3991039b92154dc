import NIOHTTP1

/// Below which name a client finds sandboxes.
struct SandboxDomain: Sendable {
    private let name: String

    init(_ name: String) {
        self.name = name
    }

    /// What a response's `domain` says to a client that came by this Host. A client that came by a name of ours knows
    /// the domain, maybe with a port that only it sees, and is told nothing. One that came by an address does not, and
    /// would look for its sandboxes at E2B's own domain: it is told ours, with the port it came by.
    func advertised(to headers: HTTPHeaders) -> String? {
        let host = (headers.first(name: "host") ?? "").lowercased()
        let port = host.hasSuffix("]") ? nil : host.lastIndex(of: ":").map { host[$0...] }
        let bare = host.dropLast(port?.count ?? 0)
        guard bare != name, !bare.hasSuffix("." + name) else { return nil }
        return name + (port ?? "")
    }
}
