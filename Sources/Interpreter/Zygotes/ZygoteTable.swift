import SandboxModel

/// Which zygotes are wanted, in what state each is, and what is to be done next. Pure: it judges, the keeper acts.
struct ZygoteTable {
    typealias Moment = ContinuousClock.Instant

    enum Phase: Hashable {
        /// To be started then.
        case due(Moment)
        /// Being started as this.
        case starting(Form)
        case ready(Form, since: Moment, landings: Int)
        /// To be ended, and another to be started after it or not.
        case toEnd(again: Bool)
        case ending(again: Bool)
    }

    /// What tells one zygote from another of the same key.
    struct Form: Hashable {
        let layers: [String]
        let zygote: ZygoteSpec?

        init(_ template: Template) {
            layers = template.layers
            zygote = template.zygote
        }
    }

    enum Step: Hashable {
        case start(ZygoteKey, Template)
        case end(ZygoteKey)
    }

    enum Verdict: Hashable {
        case land
        /// Why not.
        case cold(String)
    }

    private struct Entry {
        var template: Template
        var phase: Phase
        var lastUse: Moment
        /// Failures in a row.
        var failures = 0

        var form: Form { Form(template) }
    }

    private let limits: ZygoteLimits
    private var entries: [ZygoteKey: Entry] = [:]

    init(limits: ZygoteLimits = ZygoteLimits()) {
        self.limits = limits
    }

    subscript(key: ZygoteKey) -> Phase? { entries[key]?.phase }

    // MARK: - What is wanted

    /// A zygote of the template as it is now.
    /// - Returns: false if there are as many as may be, and all in use.
    @discardableResult
    mutating func want(_ template: Template, of tenant: TenantID, at now: Moment) -> Bool {
        let key = ZygoteKey(tenant: tenant, templateID: template.id)
        guard var entry = entries[key] else {
            guard entries.count < limits.zygotes || giveUpOne() else { return false }
            entries[key] = Entry(template: template, phase: .due(now), lastUse: now)
            return true
        }
        entry.template = template
        if case .ready(let form, _, _) = entry.phase, form != entry.form { entry.phase = .toEnd(again: true) }
        entries[key] = entry
        return true
    }

    /// Somebody wants a fork for a sandbox made from `template`.
    mutating func use(_ template: Template, of tenant: TenantID, at now: Moment) -> Verdict {
        let key = ZygoteKey(tenant: tenant, templateID: template.id)
        guard entries[key] != nil || want(template, of: tenant, at: now) else {
            return .cold("there are \(limits.zygotes) zygotes, as many as may be")
        }
        entries[key]?.lastUse = now
        switch entries[key]?.phase {
        case .ready(let form, _, _): return form == Form(template) ? .land : .cold("the template has changed since")
        case .starting: return .cold("the zygote is still starting")
        case .due, .toEnd, .ending, nil: return .cold("there is no zygote yet")
        }
    }

    mutating func landed(_ key: ZygoteKey) {
        guard let entry = entries[key], case .ready(let form, let since, let landings) = entry.phase else { return }
        let isUsedUp = landings + 1 >= form.zygote?.forks ?? .max
        entries[key]?.phase = isUsedUp ? .toEnd(again: true) : .ready(form, since: since, landings: landings + 1)
    }

    /// The backend knows of no zygote where one should be: another family, or another backend.
    mutating func missed(_ key: ZygoteKey, at now: Moment) {
        if case .ready = entries[key]?.phase { entries[key]?.phase = .due(now) }
    }

    /// Every zygote may be gone without a word: all are asked for again.
    mutating func doubtAll(at now: Moment) {
        for key in entries.keys { missed(key, at: now) }
    }

    // MARK: - What happened

    mutating func started(_ key: ZygoteKey, at now: Moment) {
        guard let entry = entries[key], case .starting(let form) = entry.phase else { return }
        entries[key]?.phase =
            form == entry.form ? .ready(form, since: now, landings: 0) : .toEnd(again: true)
    }

    mutating func failed(_ key: ZygoteKey, at now: Moment) {
        guard case .starting = entries[key]?.phase else { return }
        rest(key, at: now)
    }

    /// It ended by itself.
    mutating func ended(_ key: ZygoteKey, at now: Moment) {
        guard case .ready(_, let since, _) = entries[key]?.phase else { return }
        if since.duration(to: now) >= limits.steadyTime { entries[key]?.failures = 0 }
        rest(key, at: now)
    }

    /// It was ended.
    mutating func wasEnded(_ key: ZygoteKey, at now: Moment) {
        guard case .ending(let again) = entries[key]?.phase else { return }
        if again { entries[key]?.phase = .due(now) } else { entries[key] = nil }
    }

    // MARK: - What is next

    /// What is to be done now. Each step is told once.
    mutating func steps(at now: Moment) -> [Step] {
        for (key, entry) in entries where isIdle(key, entry, at: now) { entries[key]?.phase = .toEnd(again: false) }
        return ends() + starts(at: now)
    }

    private func isIdle(_ key: ZygoteKey, _ entry: Entry, at now: Moment) -> Bool {
        guard case .ready = entry.phase, key.tenant != .default else { return false }
        return entry.lastUse.duration(to: now) >= limits.idleTime
    }

    private mutating func ends() -> [Step] {
        var steps: [Step] = []
        for (key, entry) in entries {
            guard case .toEnd(let again) = entry.phase else { continue }
            entries[key]?.phase = .ending(again: again)
            steps.append(.end(key))
        }
        return steps
    }

    private mutating func starts(at now: Moment) -> [Step] {
        var starting = 0
        var due: [(moment: Moment, key: ZygoteKey, template: Template)] = []
        for (key, entry) in entries {
            switch entry.phase {
            case .starting: starting += 1
            case .due(let moment) where moment <= now: due.append((moment, key, entry.template))
            default: continue
            }
        }
        return due.sorted { $0.moment < $1.moment }.prefix(max(0, limits.startsAtOnce - starting)).map {
            entries[$0.key]?.phase = .starting(Form($0.template))
            return .start($0.key, $0.template)
        }
    }

    private mutating func rest(_ key: ZygoteKey, at now: Moment) {
        guard var entry = entries[key] else { return }
        let doublings = min(entry.failures, 16)
        entry.failures += 1
        entry.phase = .due(now + min(limits.shortestRest * (1 << doublings), limits.longestRest))
        entries[key] = entry
    }

    /// Makes room by the one that was not used for the longest time.
    private mutating func giveUpOne() -> Bool {
        let candidates = entries.filter { key, entry in
            if case .ready = entry.phase { key.tenant != .default } else { false }
        }
        guard let oldest = candidates.min(by: { $0.value.lastUse < $1.value.lastUse })?.key else { return false }
        entries[oldest]?.phase = .toEnd(again: false)
        return true
    }
}
