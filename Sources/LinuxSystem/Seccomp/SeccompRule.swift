import Glibc

/// What happens to one system call of the sandbox.
indirect enum SeccompRule: Hashable, Sendable {
    case allow
    /// Answers this errno without doing anything.
    case refuse(Int32)
    /// Ends the whole process with SIGSYS: nothing that runs in good faith calls this.
    case kill
    /// Allowed if every test holds, else answered with this errno.
    case allowIf([SeccompTest], otherwise: Int32 = EPERM)
    /// Answered with this errno if every test holds, else allowed.
    case refuseIf([SeccompTest], Int32)
}

/// A claim about the low 32 bits of one argument; all arguments judged here are 32 bits wide in the kernel.
struct SeccompTest: Hashable, Sendable {
    enum Relation: Hashable, Sendable { case isOneOf, isNoneOf }

    let argument: Int
    let mask: UInt32
    let relation: Relation
    let values: [UInt32]

    static func oneOf(_ argument: Int, mask: UInt32 = .max, _ values: [UInt32]) -> SeccompTest {
        SeccompTest(argument: argument, mask: mask, relation: .isOneOf, values: values)
    }

    static func noneOf(_ argument: Int, mask: UInt32 = .max, _ values: [UInt32]) -> SeccompTest {
        SeccompTest(argument: argument, mask: mask, relation: .isNoneOf, values: values)
    }

    /// None of these bits is set.
    static func without(_ argument: Int, bits: UInt32) -> SeccompTest {
        .oneOf(argument, mask: bits, [0])
    }
}
