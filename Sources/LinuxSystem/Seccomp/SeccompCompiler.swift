import Glibc

/// Turns rules into a BPF program that finds a call by halving, not by walking: the kernel runs a new filter once for
/// every call number to fill its cache, so a walk over 242 rules costs half a millisecond to load, a tree a tenth.
struct SeccompCompiler {
    /// What a call of another architecture's ABI, or of no known number, meets.
    static let killProcess: UInt32 = 0x8000_0000  // SECCOMP_RET_KILL_PROCESS
    static let allow: UInt32 = 0x7fff_0000  // SECCOMP_RET_ALLOW
    static func refuse(_ number: Int32) -> UInt32 { 0x0005_0000 | UInt32(number) }  // SECCOMP_RET_ERRNO

    // Offsets in struct seccomp_data, linux/seccomp.h; arguments are 64 bits wide, low half first.
    static let numberOffset: UInt32 = 0
    static let architectureOffset: UInt32 = 4
    static func argumentOffset(_ index: Int) -> UInt32 { 16 + 8 * UInt32(index) }

    /// Call numbers from `first` on, up to the next range's first, meet the same rule.
    struct Range: Hashable {
        let first: UInt32
        let rule: SeccompRule
    }

    static func program(architecture: SeccompArchitecture, groups: [SandboxRules.Group]) -> [BPFInstruction] {
        let ranges = ranges(architecture: architecture, groups: groups)
        return [
            .load(architectureOffset),
            .jumpIfEqual(architecture.auditNumber, then: 1, otherwise: 0),
            .give(killProcess),
            .load(numberOffset),
        ] + tree(ranges[...])
    }

    /// All numbers from 0 to the last, without gaps and with neighbours of one rule made one.
    static func ranges(architecture: SeccompArchitecture, groups: [SandboxRules.Group]) -> [Range] {
        var rules: [UInt32: SeccompRule] = [:]
        for group in groups {
            for name in group.names.split(whereSeparator: \.isWhitespace) {
                guard let number = architecture.numbers.byName[String(name)] else { continue }  // another machine's
                rules[number] = group.rule
            }
        }
        let unknown = SeccompRule.refuse(ENOSYS)
        let last = rules.keys.max() ?? 0
        var ranges: [Range] = []
        for number in 0...last + 1 {
            let rule = rules[number] ?? unknown
            if ranges.last?.rule != rule { ranges.append(Range(first: number, rule: rule)) }
        }
        if let foreign = architecture.foreignNumbers {
            ranges.append(Range(first: foreign.lowerBound, rule: .kill))
            ranges.append(Range(first: foreign.upperBound, rule: unknown))
        }
        return ranges
    }

    private static func tree(_ ranges: ArraySlice<Range>) -> [BPFInstruction] {
        if ranges.count == 1, let range = ranges.first { return verdict(range.rule) }
        let middle = ranges.startIndex + ranges.count / 2
        let low = tree(ranges[..<middle])
        let high = tree(ranges[middle...])
        // A conditional jump reaches 255 instructions; beyond that it jumps over a long jump.
        let fork: [BPFInstruction] =
            low.count <= Int(UInt8.max)
            ? [.jumpIfAtLeast(ranges[middle].first, then: low.count, otherwise: 0)]
            : [.jumpIfAtLeast(ranges[middle].first, then: 0, otherwise: 1), .jump(low.count)]
        return fork + low + high
    }

    private static func verdict(_ rule: SeccompRule) -> [BPFInstruction] {
        switch rule {
        case .allow: [.give(allow)]
        case .refuse(let number): [.give(refuse(number))]
        case .kill: [.give(killProcess)]
        case .allowIf(let tests, let number): conditions(tests[...], held: allow, otherwise: refuse(number))
        case .refuseIf(let tests, let number): conditions(tests[...], held: refuse(number), otherwise: allow)
        }
    }

    /// The tests one after the other; each ends in `otherwise` or falls through to the next, the last one to `held`.
    private static func conditions(
        _ tests: ArraySlice<SeccompTest>, held: UInt32, otherwise: UInt32
    ) -> [BPFInstruction] {
        guard let test = tests.first else { return [.give(held)] }
        var program: [BPFInstruction] = [.load(argumentOffset(test.argument))]
        if test.mask != .max { program.append(.and(test.mask)) }
        for (index, value) in test.values.enumerated() {
            let left = test.values.count - index - 1
            switch test.relation {  // behind the comparisons stands `otherwise`, behind that the next test
            case .isOneOf: program.append(.jumpIfEqual(value, then: left + 1, otherwise: 0))
            case .isNoneOf: program.append(.jumpIfEqual(value, then: left, otherwise: left == 0 ? 1 : 0))
            }
        }
        return program + [.give(otherwise)] + conditions(tests.dropFirst(), held: held, otherwise: otherwise)
    }
}
