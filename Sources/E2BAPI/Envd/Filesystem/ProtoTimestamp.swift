/// `google.protobuf.Timestamp` in JSON: RFC 3339 in UTC with 0, 3, 6 or 9 digits behind the second.
enum ProtoTimestamp {
    /// From 0001 to 9999, beyond which the form has no years; what lies outside is moved to the nearer end.
    private static let secondsRange = -62_135_596_800...253_402_300_799

    static func text(nanoseconds: Int64) -> String {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let fraction = remainder < 0 ? remainder + 1_000_000_000 : remainder
        let exact = Int(quotient) - (remainder < 0 ? 1 : 0)
        let seconds = min(max(exact, secondsRange.lowerBound), secondsRange.upperBound)
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let (year, month, day) = civil(days: days)
        let second = seconds - days * 86_400
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(second / 3600, 2) + ":"
            + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2) + digits(Int(fraction)) + "Z"
    }

    private static func digits(_ fraction: Int) -> String {
        switch fraction {
        case 0: ""
        case _ where fraction % 1_000_000 == 0: "." + padded(fraction / 1_000_000, 3)
        case _ where fraction % 1000 == 0: "." + padded(fraction / 1000, 6)
        default: "." + padded(fraction, 9)
        }
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// The Gregorian date of a day since 1970-01-01. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
