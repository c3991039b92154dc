import Testing

@testable import HostProbes

@Suite struct HostReportTests {
    static let all = HostReport(probes: HostReport.processNeeds.map { HostProbe($0, .available("yes")) })

    @Test func `the process level is available when all that it needs is`() {
        #expect(Self.all.levels[1] == HostLevel(name: "process", outcome: .available("all that it needs works")))
    }

    @Test(arguments: HostReport.processNeeds)
    func `each missing need is named with its mend`(need: String) {
        let probes = Self.all.probes.map { probe in
            probe.name == need ? HostProbe(need, .missing(reason: "gone", mend: "mend it")) : probe
        }
        let outcome = HostReport(probes: probes).levels[1].outcome
        #expect(outcome == .missing(reason: "\(need) (gone)", mend: "mend it"))
    }

    @Test func `a need that nobody tried is not taken for granted`() {
        #expect(HostReport(probes: []).levels[1].outcome != .available("all that it needs works"))
    }

    @Test func `text tells the mend and JSON is quoted`() {
        let report = HostReport(probes: [HostProbe("a \"b\"\n", .missing(reason: "r", mend: "m"))])
        #expect(report.text.contains("mend: m"))
        let expected = #"{"probes":[{"name":"a \"b\"\u000a","status":"missing","reason":"r","mend":"m"}]"#
        #expect(report.json.hasPrefix(expected))
    }
}
