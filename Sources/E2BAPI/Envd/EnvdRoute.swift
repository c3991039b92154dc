import HTTPExchange

/// What a path of envd is. Paths that are not here do not exist: those of E2B's own orchestration (`/init`, `/freeze`
/// and their kin) are not for the public there either.
enum EnvdRoute: Equatable {
    case health
    case metrics
    case environment
    case files
    case compose
    case process(method: String)
    case filesystem(method: String)

    init?(_ target: RequestTarget) {
        switch target.segments {
        case ["health"]: self = .health
        case ["metrics"]: self = .metrics
        case ["envs"]: self = .environment
        case ["files"]: self = .files
        case ["files", "compose"]: self = .compose
        case let path where path.count == 2 && path[0] == "process.Process": self = .process(method: path[1])
        case let path where path.count == 2 && path[0] == "filesystem.Filesystem":
            self = .filesystem(method: path[1])
        default: return nil
        }
    }
}
