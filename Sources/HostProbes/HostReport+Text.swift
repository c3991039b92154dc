extension HostReport {
    /// For a terminal: what works, what does not and the mend, then the levels.
    public var text: String {
        let width = probes.map(\.name.count).max() ?? 0
        var lines: [String] = []
        for probe in probes {
            switch probe.outcome {
            case .available(let detail): lines.append("  ok   \(padded(probe.name, width))  \(detail)")
            case .missing(let reason, let mend):
                lines.append("  --   \(padded(probe.name, width))  \(reason)")
                lines.append("       \(padded("", width))  mend: \(mend)")
            }
        }
        lines.append("")
        for level in levels {
            switch level.outcome {
            case .available(let detail): lines.append("\(padded(level.name, 10)) available: \(detail)")
            case .missing(let reason, let mend):
                lines.append("\(padded(level.name, 10)) not available: \(reason)")
                lines.append("\(padded("", 10)) mend: \(mend)")
            case .pending(let detail): lines.append("\(padded(level.name, 10)) pending: \(detail)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// For machines: `{"probes": [...], "levels": [...]}`, each with name, status, detail or reason, and mend.
    public var json: String {
        let probeTexts = probes.map { probe in
            switch probe.outcome {
            case .available(let detail): object(probe.name, "available", ["detail": detail])
            case .missing(let reason, let mend): object(probe.name, "missing", ["reason": reason, "mend": mend])
            }
        }
        let levelTexts = levels.map { level in
            switch level.outcome {
            case .available(let detail): object(level.name, "available", ["detail": detail])
            case .missing(let reason, let mend): object(level.name, "missing", ["reason": reason, "mend": mend])
            case .pending(let detail): object(level.name, "pending", ["detail": detail])
            }
        }
        return "{\"probes\":[\(probeTexts.joined(separator: ","))],\"levels\":[\(levelTexts.joined(separator: ","))]}\n"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func object(_ name: String, _ status: String, _ rest: KeyValuePairs<String, String>) -> String {
        let pairs = [("name", name), ("status", status)] + rest.map { ($0.key, $0.value) }
        return "{" + pairs.map { quoted($0.0) + ":" + quoted($0.1) }.joined(separator: ",") + "}"
    }

    private func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\" + String(scalar)
            case _ where scalar.value < 0x20:
                "\\u" + String(repeating: "0", count: scalar.value < 0x10 ? 3 : 2) + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
