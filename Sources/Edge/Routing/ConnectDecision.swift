/// Who may be reached by CONNECT: the server itself, under any of its names. It is no open proxy.
enum ConnectDecision {
    /// A CONNECT inside a CONNECT has no use but to tie knots.
    static let depthLimit = 1

    /// - Returns: why not, or nil if it is granted.
    static func refusal(target: String, domain: String, depth: Int) -> String? {
        guard depth < depthLimit else { return "CONNECT inside CONNECT" }
        guard let authority = Authority(target), authority.port != nil else {
            return "CONNECT '\(target.prefix(100))' is not 'host:port'"
        }
        guard !authority.isAddress, authority.host == domain || authority.host.hasSuffix("." + domain) else {
            return "CONNECT is for '\(domain)' and '*.\(domain)' only, not for '\(authority.host)'"
        }
        return nil
    }
}
