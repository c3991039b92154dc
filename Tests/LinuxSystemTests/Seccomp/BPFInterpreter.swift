@testable import LinuxSystem

/// Runs a filter as the kernel would, on a call that is not made.
struct BPFInterpreter {
    let program: [BPFInstruction]

    struct Call {
        var architecture: UInt32
        var number: UInt32
        var arguments: [UInt64] = []
    }

    struct Fault: Error {}

    /// The verdict, and how many instructions it took.
    func run(_ call: Call) throws -> (verdict: UInt32, steps: Int) {
        var accumulator: UInt32 = 0
        var position = 0
        for step in 1...program.count {
            guard program.indices.contains(position) else { throw Fault() }
            let instruction = program[position]
            position += 1
            switch instruction.code {
            case BPFInstruction.loadCode: accumulator = try load(instruction.value, call)
            case BPFInstruction.andCode: accumulator &= instruction.value
            case BPFInstruction.jumpCode: position += Int(instruction.value)
            case BPFInstruction.jumpIfEqualCode:
                position += Int(accumulator == instruction.value ? instruction.ifTrue : instruction.ifFalse)
            case BPFInstruction.jumpIfAtLeastCode:
                position += Int(accumulator >= instruction.value ? instruction.ifTrue : instruction.ifFalse)
            case BPFInstruction.returnCode: return (instruction.value, step)
            default: throw Fault()
            }
        }
        throw Fault()
    }

    private func load(_ offset: UInt32, _ call: Call) throws -> UInt32 {
        switch offset {
        case 0: return call.number
        case 4: return call.architecture
        case 16..<64 where offset % 8 == 0:
            let index = Int(offset - 16) / 8
            return call.arguments.indices.contains(index) ? UInt32(truncatingIfNeeded: call.arguments[index]) : 0
        default: throw Fault()
        }
    }
}
