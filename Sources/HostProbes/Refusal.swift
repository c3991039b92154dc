import Glibc

/// What an errno from a try says to a person.
enum Refusal {
    static func text(_ number: Int32) -> String {
        number == ETIMEDOUT ? "no answer in time" : String(cString: strerror(number))
    }

    /// A probe from an errno, 0 meaning that it worked.
    static func probe(_ name: String, _ number: Int32, detail: String, mend: String) -> HostProbe {
        HostProbe(name, number == 0 ? .available(detail) : .missing(reason: text(number), mend: mend))
    }
}
