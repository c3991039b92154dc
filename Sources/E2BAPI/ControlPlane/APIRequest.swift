import HTTPExchange
import NIOCore
import SandboxModel

/// A request whose sender is known and whose route is found.
struct APIRequest: Sendable {
    /// Of a request's body, in bytes.
    static let bodyLimit = 1 << 20

    let http: HTTPRequest
    let parameters: [String: String]
    private let caller: Principal?

    /// - Parameter caller: nil only for routes that need no key.
    init(http: HTTPRequest, parameters: [String: String], caller: Principal?) {
        self.http = http
        self.parameters = parameters
        self.caller = caller
    }

    /// - Throws: `APIError.unauthenticated` on a route that needs no key.
    var principal: Principal {
        get throws {
            guard let caller else { throw APIError.unauthenticated("an API key is needed") }
            return caller
        }
    }

    /// The sandbox that the path names.
    var sandboxID: SandboxID {
        get throws {
            let text = parameters["sandboxID"] ?? ""
            do throws(SpecError) {
                return try SandboxID(text)
            } catch {
                throw APIError.noSuchSandbox(text)
            }
        }
    }

    /// The whole body as JSON; fields that are not known are ignored, because newer clients send more.
    /// - Parameter emptyIs: stands for a body that is not there; nil if there must be one.
    func decode<Body: Decodable>(_ type: Body.Type, emptyIs absent: Body? = nil) async throws -> Body {
        let bytes = try await http.body.collect(upTo: Self.bodyLimit)
        if bytes.readableBytes == 0 {
            guard let absent else { throw APIError.malformed("the body is empty") }
            return absent
        }
        // A client that names no type is believed to speak the only language there is.
        if let type = http.headers.first(name: "content-type") {
            let essence = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
            guard essence == "application/json" else { throw APIError.wrongContentType(type) }
        }
        return try WireJSON.decode(type, from: bytes)
    }

    /// A decimal number in the query.
    /// - Throws: `APIError.malformed` naming it, if it is there and is not a number in `range`.
    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = http.target.query(name), !text.isEmpty else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let allowed = "an integer in \(range.lowerBound)...\(range.upperBound)"
            throw SpecError.malformed(field: name, value: text, allowed: allowed)
        }
        return number
    }

    /// One of the words of `Choice` in the query.
    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String, _ type: Choice.Type) throws -> Choice?
    where Choice.RawValue == String {
        guard let text = http.target.query(name), !text.isEmpty else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw SpecError.malformed(field: name, value: text, allowed: "one of \(words)")
        }
        return choice
    }
}
