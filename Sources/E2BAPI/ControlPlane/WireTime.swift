import SandboxModel

/// Moments as the wire writes them: RFC 3339, in UTC, to the millisecond.
enum WireTime {
    private static let daySeconds: Int64 = 86_400

    static func text(_ moment: Timestamp) -> String {
        let milliseconds = moment.unixMilliseconds
        let seconds = Int64((Double(milliseconds) / 1000).rounded(.down))
        let day = seconds >= 0 ? seconds / daySeconds : -((-seconds + daySeconds - 1) / daySeconds)
        let second = seconds - day * daySeconds
        let (year, month, dayOfMonth) = civil(fromDay: day)
        let clock = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        let fraction = padded(milliseconds - seconds * 1000, 3)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T\(clock).\(fraction)Z"
    }

    /// - Returns: nil unless `text` is RFC 3339. What is finer than a millisecond is cut off.
    static func moment(_ text: String) -> Timestamp? {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2), skip(&rest, "-"),
            let day = number(&rest, 2), skip(&rest, "Tt "), let hour = number(&rest, 2), skip(&rest, ":"),
            let minute = number(&rest, 2), skip(&rest, ":"), let second = number(&rest, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            let milliseconds = fraction(&rest), let offset = offset(&rest), rest.isEmpty
        else { return nil }
        let date = self.day(year, month, day)
        guard civil(fromDay: date) == (year, month, day) else { return nil }
        let seconds = date * daySeconds + hour * 3600 + minute * 60 + second - offset
        return Timestamp(unixMilliseconds: seconds * 1000 + milliseconds)
    }

    // MARK: - Calendar, after H. Hinnant's "chrono-Compatible Low-Level Date Algorithms"

    private static func civil(fromDay day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    // MARK: - Text

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ width: Int) -> Int64? {
        guard rest.count >= width else { return nil }
        var value: Int64 = 0
        for _ in 0..<width {
            guard let digit = digit(&rest) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private static func digit(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
        rest.removeFirst()
        return Int64(byte - 0x30)
    }

    private static func skip(_ rest: inout ArraySlice<UInt8>, _ anyOf: String) -> Bool {
        guard let byte = rest.first, anyOf.utf8.contains(byte) else { return false }
        rest.removeFirst()
        return true
    }

    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard skip(&rest, ".") else { return 0 }
        var milliseconds: Int64 = 0
        var weight: Int64 = 100
        var hasDigits = false
        while let digit = digit(&rest) {
            milliseconds += digit * weight
            weight /= 10
            hasDigits = true
        }
        return hasDigits ? milliseconds : nil
    }

    /// Seconds east of UTC.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if skip(&rest, "Zz") { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard skip(&rest, "+-"), let hours = number(&rest, 2), skip(&rest, ":"), let minutes = number(&rest, 2),
            hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isWest ? -1 : 1)
    }
}
