/// How much may be made ready now that only a later request needs. It takes processors that a sandbox which somebody
/// waits for needs more: while it is born, while its kernel lands, and while its first code runs. Pure.
struct Foresight {
    /// How long newborn sandboxes come first, in milliseconds.
    static let rest: Int64 = 50
    /// Of everything, meanwhile: what the very next requests take.
    static let least = 2

    private var restsUntil = Int64.min

    /// - Parameter now: in monotonic milliseconds.
    mutating func sandboxWasBorn(now: Int64) {
        restsUntil = now + Self.rest
    }

    /// How much of everything may be kept ready, unless it is less anyway.
    func limit(births: Int, now: Int64) -> Int {
        births == 0 && now >= restsUntil ? .max : Self.least
    }

    /// Milliseconds until that is more, whoever is born by then; nil if it is all.
    func timeout(now: Int64) -> Int64? {
        now < restsUntil ? restsUntil - now : nil
    }
}
