import SandboxModel
import Testing

@Suite struct ResourceLimitsTests {
    typealias Limit = (field: String, range: ClosedRange<Int>)

    /// In the order of the initialiser.
    static let limits: [Limit] = [
        ("cpuCount", ResourceLimits.cpuCountRange), ("memoryMB", ResourceLimits.memoryMiBRange),
        ("diskMiB", ResourceLimits.diskMiBRange), ("inodes", ResourceLimits.inodesRange),
        ("processes", ResourceLimits.processesRange), ("openFiles", ResourceLimits.openFilesRange),
    ]

    /// All at the least, but one.
    static func make(_ index: Int, _ value: Int) throws(SpecError) -> ResourceLimits {
        var values = limits.map(\.range.lowerBound)
        values[index] = value
        return try ResourceLimits(
            cpuCount: values[0], memoryMiB: values[1], diskMiB: values[2], inodes: values[3], processes: values[4],
            openFiles: values[5])
    }

    @Test(arguments: limits.indices) func `the least and the most are allowed`(index: Int) throws {
        let range = Self.limits[index].range
        #expect(try Self.make(index, range.lowerBound) != Self.make(index, range.upperBound))
    }

    @Test(arguments: limits.indices) func `one less and one more are refused by name`(index: Int) {
        let (field, range) = Self.limits[index]
        for value in [range.lowerBound - 1, range.upperBound + 1, .min, .max, -1] {
            #expect(throws: SpecError.outOfRange(field: field, value: value, allowed: range)) {
                try Self.make(index, value)
            }
        }
    }
}
