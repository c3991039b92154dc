import HTTPExchange
import NIOHTTP1

/// One operation of the control plane: a method, a path with `{names}` in it, and who answers.
///
/// To add one: a method on the resource's `…Routes`, a line in its `all`, and the operation in `api/openapi.yml`.
public struct Route: Sendable {
    typealias Handler = @Sendable (APIRequest) async throws -> HTTPResponse

    public let method: HTTPMethod
    /// As the contract writes it: `/sandboxes/{sandboxID}`.
    public let path: String
    let needsKey: Bool
    let handle: Handler
    private let segments: [Segment]

    private enum Segment: Hashable {
        case text(String)
        case parameter(String)
    }

    init(_ method: HTTPMethod, _ path: String, needsKey: Bool = true, _ handle: @escaping Handler) {
        self.method = method
        self.path = path
        self.needsKey = needsKey
        self.handle = handle
        segments = path.split(separator: "/").map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .text(String(segment))
        }
    }

    /// What the path's parameters are in `path`; nil if it is another path.
    func parameters(in path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            switch segment {
            case .text(let expected):
                guard text == expected else { return nil }
            case .parameter(let name):
                parameters[name] = text
            }
        }
        return parameters
    }
}
