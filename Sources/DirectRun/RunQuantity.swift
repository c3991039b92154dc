/// Reads sizes, times and counts as people write them, into ranges that are named in the answer.
public enum RunQuantity {
    /// `512MiB`, `2GiB`, `1048576`; also `MB` and the one-letter forms, which mean powers of two as in `docker run`.
    static func bytes(_ text: String) throws(RunError) -> UInt64 {
        let factors: [(String, UInt64)] = [
            ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("KB", 1000), ("MB", 1_000_000),
            ("GB", 1_000_000_000), ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("K", 1 << 10), ("M", 1 << 20),
            ("G", 1 << 30), ("B", 1), ("", 1),
        ]
        let range = RunOptions.memoryRange
        let refusal = RunError.usage("--memory \(text): give 4MiB to 16TiB, as 512MiB or 2GiB")
        guard let (unit, factor) = factors.first(where: { text.hasSuffix($0.0) }) else { throw refusal }
        guard let count = UInt64(text.dropLast(unit.count)) else { throw refusal }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, range.contains(bytes) else { throw refusal }
        return bytes
    }

    /// `1`, `0.5`, `2.25`.
    static func milliCPUs(_ text: String) throws(RunError) -> UInt32 {
        let refusal = RunError.usage("--cpus \(text): give 0.01 to 1024, at most three decimals")
        guard let milli = thousandths(text), let value = UInt32(exactly: milli),
            RunOptions.cpuMilliRange.contains(value)
        else { throw refusal }
        return value
    }

    static func processes(_ text: String) throws(RunError) -> UInt32 {
        let range = RunOptions.processRange
        guard let count = UInt32(text), range.contains(count) else {
            throw .usage("--pids \(text): give \(range.lowerBound) to \(range.upperBound)")
        }
        return count
    }

    /// `30s`, `500ms`, `2m`, `1.5h`, `30`.
    public static func milliseconds(_ text: String) throws(RunError) -> Int64 {
        let factors: [(String, UInt64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("", 1000)]
        let refusal = RunError.usage("--timeout \(text): give 1ms to 168h, as 500ms, 30s, 2m or 1.5h")
        guard let (unit, factor) = factors.first(where: { text.hasSuffix($0.0) }) else { throw refusal }
        guard let number = thousandths(String(text.dropLast(unit.count))) else { throw refusal }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, let value = Int64(exactly: product / 1000), RunOptions.timeoutRange.contains(value) else {
            throw refusal
        }
        return value
    }

    /// A decimal number with up to three decimals, in thousandths.
    private static func thousandths(_ text: String) -> UInt64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let decimals = parts.count == 2 ? parts[1] : "0"
        let digits = parts.joined().utf8
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            (1...3).contains(decimals.count), parts[0].count <= 12,
            let whole = UInt64(parts[0]),
            let fraction = UInt64(decimals + String(repeating: "0", count: 3 - decimals.count))
        else { return nil }
        return whole * 1000 + fraction
    }
}
