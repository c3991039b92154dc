@testable import Edge
import HTTPExchange
import NIOHTTP1
import SandboxModel

private let domain = "sbx.localhost"

/// Three lines: Host, sandbox, port. An empty line is a header that is not there.
func fuzzRoute(_ bytes: [UInt8]) {
    let lines = text(bytes).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    var headers = HTTPHeaders()
    for (name, value) in zip(["host", RouteDecision.sandboxHeader, RouteDecision.portHeader], lines)
    where !value.isEmpty { headers.add(name: name, value: value) }
    checkAuthority(lines[0])
    guard let target = RequestTarget("/") else { return }
    if case .sandbox(let id, let port) = RouteDecision.decide(target: target, headers: headers, domain: domain) {
        let host: HTTPHeaders = ["host": "\(port)-\(id).\(domain)"]
        let again = RouteDecision.decide(target: target, headers: host, domain: domain)
        precondition(again == .sandbox(id, port: port), "a sandbox has one name")
    }
}

/// A Host header, or what CONNECT asks for.
private func checkAuthority(_ text: String) {
    guard let authority = Authority(text) else { return }
    let name = authority.host.contains(":") ? "[\(authority.host)]" : authority.host
    let again = Authority(name + (authority.port.map { ":\($0)" } ?? ""))
    precondition(again == authority, "an authority has one form")
    if ConnectDecision.refusal(target: text, domain: domain, depth: 0) == nil {
        let isOurs = authority.host == domain || authority.host.hasSuffix("." + domain)
        precondition(isOurs && authority.port != nil, "CONNECT reaches the server alone")
    }
}

/// A request's head: method and target, then a header on each line. Names are ASCII, as NIO wants and its parser grants.
func fuzzHead(_ bytes: [UInt8]) {
    var lines = text(bytes).split(separator: "\n").map(String.init)[...]
    let words = (lines.popFirst() ?? "").split(separator: " ", maxSplits: 1).map(String.init)
    guard words.count == 2 else { return }
    var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: words[0]), uri: words[1])
    for line in lines {
        let field = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard field[0].utf8.allSatisfy({ $0 < 0x80 }) else { return }
        head.headers.add(name: field[0], value: field.count > 1 ? field[1] : "")
    }
    guard let accepted = try? RequestRules.judge(head, limits: EdgeLimits()) else { return }  // refused
    precondition(accepted.headers["host"].count == 1, "what is accepted has one Host")
    let isPath = accepted.target.raw.hasPrefix("/") || accepted.target.raw == "*"
    precondition(isPath, "what is accepted has a path")
}

/// A connection's first bytes: once it is known what is spoken, more bytes change nothing.
func fuzzFirstBytes(_ bytes: [UInt8]) {
    var before = ProtocolSniffer.Verdict.undecided
    for count in 0...min(bytes.count, 64) {
        let verdict = ProtocolSniffer.Verdict(bytes.prefix(count))
        precondition(before == .undecided || verdict == before, "a verdict stays")
        before = verdict
    }
}
