import HTTPExchange
import NIOHTTP1

/// What a method and a path of the code interpreter are.
enum InterpreterRoute: Hashable {
    case health
    case execute
    case createContext
    case listContexts
    case restartContext(String)
    case removeContext(String)

    /// - Throws: `InterpreterFailure` for what does not exist, 404 or 405.
    init(_ method: HTTPMethod, _ target: RequestTarget) throws(InterpreterFailure) {
        // A HEAD is a GET whose body the edge does not send.
        let method = method == .HEAD ? .GET : method
        let all = try Self.all(target.segments)
        guard let found = all[method.rawValue] else {
            let allowed = all.keys.sorted().joined(separator: ", ")
            throw InterpreterFailure(.methodNotAllowed, "\(method.rawValue) is not allowed here, only \(allowed)")
        }
        self = found
    }

    /// By method.
    private static func all(_ path: [String]) throws(InterpreterFailure) -> [String: InterpreterRoute] {
        switch path.count {
        case 1 where path[0] == "health": return ["GET": .health]
        case 1 where path[0] == "execute": return ["POST": .execute]
        case 1 where path[0] == "contexts": return ["GET": .listContexts, "POST": .createContext]
        case 2 where path[0] == "contexts": return ["DELETE": .removeContext(path[1])]
        case 3 where path[0] == "contexts" && path[2] == "restart": return ["POST": .restartContext(path[1])]
        default: throw InterpreterFailure(.notFound, "Not Found")
        }
    }
}
