/// One `struct sock_filter` of classic BPF; see linux/filter.h and linux/bpf_common.h.
struct BPFInstruction: Hashable, Sendable {
    let code: UInt16
    var ifTrue: UInt8 = 0
    var ifFalse: UInt8 = 0
    let value: UInt32

    static let loadCode: UInt16 = 0x20  // BPF_LD | BPF_W | BPF_ABS
    static let andCode: UInt16 = 0x54  // BPF_ALU | BPF_AND | BPF_K
    static let jumpCode: UInt16 = 0x05  // BPF_JMP | BPF_JA
    static let jumpIfEqualCode: UInt16 = 0x15  // BPF_JMP | BPF_JEQ | BPF_K
    static let jumpIfAtLeastCode: UInt16 = 0x35  // BPF_JMP | BPF_JGE | BPF_K
    static let returnCode: UInt16 = 0x06  // BPF_RET | BPF_K

    static func load(_ offset: UInt32) -> BPFInstruction { BPFInstruction(code: loadCode, value: offset) }
    static func and(_ mask: UInt32) -> BPFInstruction { BPFInstruction(code: andCode, value: mask) }
    static func jump(_ count: Int) -> BPFInstruction { BPFInstruction(code: jumpCode, value: UInt32(count)) }
    static func give(_ verdict: UInt32) -> BPFInstruction { BPFInstruction(code: returnCode, value: verdict) }

    static func jumpIfEqual(_ value: UInt32, then: Int, otherwise: Int) -> BPFInstruction {
        BPFInstruction(code: jumpIfEqualCode, ifTrue: UInt8(then), ifFalse: UInt8(otherwise), value: value)
    }

    static func jumpIfAtLeast(_ value: UInt32, then: Int, otherwise: Int) -> BPFInstruction {
        BPFInstruction(code: jumpIfAtLeastCode, ifTrue: UInt8(then), ifFalse: UInt8(otherwise), value: value)
    }

    /// As a little-endian machine, and both of ours are, lays it in memory.
    var word: UInt64 {
        UInt64(code) | UInt64(ifTrue) << 16 | UInt64(ifFalse) << 24 | UInt64(value) << 32
    }
}
