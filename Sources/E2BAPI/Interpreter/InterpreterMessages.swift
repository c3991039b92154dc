import Interpreter

/// The body of `POST /execute`.
struct ExecuteRequest: Decodable, Hashable {
    let code: String
    private let context_id: String?
    private let language: String?
    private let env_vars: [String: String]?

    /// Empty is none, as null is.
    var contextID: String? { context_id.flatMap { $0.isEmpty ? nil : $0 } }
    var languageName: String? { LanguageName.normal(language) }

    /// - Throws: `InterpreterFailure` for a context and a language at once, and for variables over the limits.
    func environment() throws(InterpreterFailure) -> [String: String] {
        guard contextID == nil || languageName == nil else {
            throw InterpreterFailure(.badRequest, "Only one of context_id or language can be provided")
        }
        let variables = env_vars ?? [:]
        guard variables.count <= InterpreterLimits.variableCount else {
            throw InterpreterFailure(
                .unprocessableEntity,
                "env_vars: \(variables.count) variables, over the limit of \(InterpreterLimits.variableCount)")
        }
        for (name, value) in variables {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !(name + value).utf8.contains(0),
                name.utf8.count + value.utf8.count <= InterpreterLimits.variableBytes
            else {
                throw InterpreterFailure(
                    .unprocessableEntity,
                    "env_vars: '\(name.prefix(40))' is no variable: not empty, no '=', no NUL, at most "
                        + "\(InterpreterLimits.variableBytes) bytes with its value")
            }
        }
        return variables
    }
}

/// The body of `POST /contexts`.
struct CreateContextRequest: Decodable, Hashable {
    private let cwd: String?
    private let language: String?

    var languageName: String? { LanguageName.normal(language) }

    /// - Throws: `InterpreterFailure` unless it is a path, or none.
    func workingDirectory() throws(InterpreterFailure) -> String? {
        guard let cwd, !cwd.isEmpty else { return nil }
        guard cwd.utf8.count <= InterpreterLimits.pathBytes, !cwd.utf8.contains(0), cwd.hasPrefix("/") else {
            throw InterpreterFailure(
                .unprocessableEntity,
                "cwd: '\(cwd.prefix(100))' is not an absolute path of at most \(InterpreterLimits.pathBytes) bytes")
        }
        return cwd
    }
}

/// A context as clients read it.
struct ContextResponse: Encodable, Hashable {
    let id: String
    let language: String
    let cwd: String

    init(_ context: CodeContext) {
        id = context.id.text
        language = context.language
        cwd = context.workingDirectory
    }
}

/// What clients call languages.
enum LanguageName {
    private static let shortForms = ["js": "javascript", "ts": "typescript"]

    /// - Returns: nil for none.
    static func normal(_ name: String?) -> String? {
        guard let name = name?.lowercased().filter({ !$0.isWhitespace }), !name.isEmpty else { return nil }
        return shortForms[name] ?? name
    }
}
