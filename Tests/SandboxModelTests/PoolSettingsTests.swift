import SandboxModel
import Testing

@Suite struct PoolSettingsTests {
    @Test(arguments: [
        (-1, 1, 0, "min"), (2, 1, 0, "min"), (1025, 4096, 0, "min"), (0, 0, 0, "max"), (0, 4097, 0, "max"),
        (0, 1, -1, "acquireTimeoutMs"), (0, 1, 300_001, "acquireTimeoutMs"),
    ])
    func `a size or a time that cannot be is refused by name`(min: Int, max: Int, timeout: Int, field: String) {
        #expect { try PoolSettings(minimum: min, maximum: max, acquireTimeoutMilliseconds: timeout) } throws: { error in
            (error as? SpecError)?.field == field
        }
    }

    @Test func `the ends of the ranges are allowed`() throws {
        #expect(try PoolSettings(minimum: 0, maximum: 1, acquireTimeoutMilliseconds: 0).acquireTimeout == .zero)
        #expect(try PoolSettings(minimum: 1024, maximum: 4096).acquireTimeout == .seconds(10))
    }
}
