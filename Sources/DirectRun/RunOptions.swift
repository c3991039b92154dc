/// What one `nestbox run` was asked for: every value checked, every default filled in.
public struct RunOptions: Hashable, Sendable {
    public static let memoryRange: ClosedRange<UInt64> = (4 << 20)...(1 << 44)
    public static let cpuMilliRange: ClosedRange<UInt32> = 10...1_024_000
    public static let processRange: ClosedRange<UInt32> = 2...4_194_304
    public static let timeoutRange: ClosedRange<Int64> = 1...(7 * 24 * 3600 * 1000)
    public static let pathCountLimit = 64

    /// A limit, and whether it was asked for or is only our default.
    public struct Limit<Value: Hashable & Sendable>: Hashable, Sendable {
        public var value: Value
        public var isExplicit = false
    }

    public var memoryBytes = Limit<UInt64>(value: 512 << 20)
    public var cpuMilli = Limit<UInt32>(value: 1000)
    public var processes = Limit<UInt32>(value: 64)
    public var timeoutMilliseconds: Int64?
    public var readOnlyPaths: [String] = []
    public var writablePaths: [String] = []
    /// `NAME=value`, in the order given.
    public var environment: [String] = []
    /// Nil: where the root says.
    public var directory: String?
    public var template: String?
    public var templates = "build/templates"
    public var wantsHelp = false
    public var command: [String] = []

    public init() {}

    /// Reads what stands behind `nestbox run`. The command begins after `--`, or at the first word that is no option.
    public init(arguments: [String]) throws(RunError) {
        var words = arguments[...]
        while let word = words.first, word.hasPrefix("-"), word != "-" {
            words.removeFirst()
            if word == "--" { break }
            try apply(word, from: &words)
            if wantsHelp { return }
        }
        command = Array(words)
        guard let program = command.first else { throw .usage("no command given; write it after --") }
        guard !program.isEmpty else { throw .usage("the command's name is empty") }
        for word in command where word.utf8.contains(0) { throw .usage("a NUL byte stands in an argument") }
    }

    /// `--name value` or `--name=value`.
    private mutating func apply(_ word: String, from words: inout ArraySlice<String>) throws(RunError) {
        if word == "--help" || word == "-h" {
            wantsHelp = true
            return
        }
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard Self.names.contains(parts[0]) else { throw .usage("\(parts[0]): no such option; see nestbox run --help") }
        let value: String
        if parts.count == 2 {
            value = parts[1]
        } else {
            guard let next = words.popFirst() else { throw .usage("\(parts[0]) needs a value") }
            value = next
        }
        guard !value.utf8.contains(0) else { throw .usage("\(parts[0]): a NUL byte stands in its value") }
        try set(parts[0], to: value)
    }

    private static let names: Set<String> = [
        "--memory", "--cpus", "--pids", "--timeout", "--read-only", "--write", "--env", "--workdir", "--net",
        "--template", "--templates",
    ]

    private mutating func set(_ name: String, to value: String) throws(RunError) {
        switch name {
        case "--memory": memoryBytes = Limit(value: try RunQuantity.bytes(value), isExplicit: true)
        case "--cpus": cpuMilli = Limit(value: try RunQuantity.milliCPUs(value), isExplicit: true)
        case "--pids": processes = Limit(value: try RunQuantity.processes(value), isExplicit: true)
        case "--timeout": timeoutMilliseconds = try RunQuantity.milliseconds(value)
        case "--read-only": try add(value, to: \.readOnlyPaths, of: name)
        case "--write": try add(value, to: \.writablePaths, of: name)
        case "--env": environment.append(try Self.assignment(value))
        case "--workdir":
            guard value.hasPrefix("/") else { throw .usage("--workdir \(value): not an absolute path") }
            directory = value
        case "--net":
            guard value == "isolated" else { throw .usage("--net \(value): only isolated is known here") }
        case "--template": template = value
        default: templates = value
        }
    }

    private mutating func add(
        _ path: String, to list: WritableKeyPath<RunOptions, [String]>, of name: String
    ) throws(RunError) {
        guard !path.isEmpty else { throw .usage("\(name): the path is empty") }
        guard self[keyPath: list].count < Self.pathCountLimit else {
            throw .usage("\(name): at most \(Self.pathCountLimit) paths")
        }
        self[keyPath: list].append(path)
    }

    private static func assignment(_ text: String) throws(RunError) -> String {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw .usage("--env \(text): not NAME=VALUE")
        }
        return text
    }
}
