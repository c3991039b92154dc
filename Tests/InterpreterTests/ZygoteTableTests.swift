import SandboxModel
import Testing

@testable import Interpreter

@Suite struct ZygoteTableTests {
    let begin = ContinuousClock.now

    func key(_ tenant: TenantID = .default) -> ZygoteKey { ZygoteKey(tenant: tenant, templateID: "code") }

    /// A table with one zygote that is ready.
    func ready(_ template: Template, of tenant: TenantID = .default) -> ZygoteTable {
        var table = ZygoteTable()
        table.want(template, of: tenant, at: begin)
        _ = table.steps(at: begin)
        table.started(key(tenant), at: begin)
        return table
    }

    @Test func `what is wanted is started once`() throws {
        var table = ZygoteTable()
        let template = try Template.test(hasZygote: true)
        table.want(template, of: .default, at: begin)
        table.want(template, of: .default, at: begin)
        expect(table.steps(at: begin), is: [.start(key(), template)])
        expect(table.steps(at: begin), is: [])
        table.started(key(), at: begin)
        expect(table.use(template, of: .default, at: begin), is: .land)
    }

    @Test func `who comes before it is warm is cold, and has it started`() throws {
        var table = ZygoteTable()
        let template = try Template.test(hasZygote: true)
        expect(table.use(template, of: .default, at: begin), is: .cold("there is no zygote yet"))
        expect(table.steps(at: begin), is: [.start(key(), template)])
        expect(table.use(template, of: .default, at: begin), is: .cold("the zygote is still starting"))
    }

    @Test func `one that failed rests, longer each time, up to a limit`() throws {
        var table = ZygoteTable()
        table.want(try Template.test(hasZygote: true), of: .default, at: begin)
        var now = begin
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            expect(table.steps(at: now).count, is: 1)
            table.failed(key(), at: now)
            expect(table.steps(at: now + .seconds(seconds) - .milliseconds(1)), is: [])
            now += .seconds(seconds)
        }
    }

    @Test func `one that ended after a long life has not failed`() throws {
        var table = try ready(Template.test(hasZygote: true))
        table.ended(key(), at: begin + .seconds(3600))
        expect(table.steps(at: begin + .seconds(3601)).count, is: 1)
        table.started(key(), at: begin + .seconds(3601))
        table.ended(key(), at: begin + .seconds(3602))
        expect(table.steps(at: begin + .seconds(3603)), is: [])
    }

    @Test func `after so many forks it is replaced`() throws {
        let template = try Template.test(hasZygote: true, forks: 2)
        var table = ready(template)
        table.landed(key())
        expect(table.steps(at: begin), is: [])
        table.landed(key())
        expect(table.steps(at: begin), is: [.end(key())])
        table.wasEnded(key(), at: begin)
        expect(table.steps(at: begin), is: [.start(key(), template)])
    }

    @Test func `a template that has changed has another zygote, which is not for sandboxes of the old`() throws {
        let (old, new) = try (Template.test(hasZygote: true), Template.test(hasZygote: true, layers: ["l2"]))
        var table = ready(old)
        table.want(new, of: .default, at: begin)
        expect(table.steps(at: begin), is: [.end(key())])
        table.wasEnded(key(), at: begin)
        expect(table.steps(at: begin), is: [.start(key(), new)])
        table.started(key(), at: begin)
        expect(table.use(new, of: .default, at: begin), is: .land)
        expect(table.use(old, of: .default, at: begin), is: .cold("the template has changed since"))
    }

    @Test func `a template that changes while its zygote starts has it replaced`() throws {
        let (old, new) = try (Template.test(hasZygote: true), Template.test(hasZygote: true, layers: ["l2"]))
        var table = ZygoteTable()
        table.want(old, of: .default, at: begin)
        _ = table.steps(at: begin)
        table.want(new, of: .default, at: begin)
        table.started(key(), at: begin)
        expect(table.steps(at: begin), is: [.end(key())])
    }

    @Test func `one that nobody uses is ended, unless it is the first tenant's`() throws {
        let (template, tenant) = (try Template.test(hasZygote: true), try TenantID("other"))
        var table = ready(template, of: tenant)
        expect(table.steps(at: begin + .seconds(1799)), is: [])
        expect(table.steps(at: begin + .seconds(1800)), is: [.end(key(tenant))])
        table.wasEnded(key(tenant), at: begin)
        #expect(table[key(tenant)] == nil)
        var kept = ready(template)
        expect(kept.steps(at: begin + .seconds(100_000)), is: [])
    }

    @Test func `no more start at once than may`() throws {
        var table = ZygoteTable()
        let template = try Template.test(hasZygote: true)
        for number in 0..<5 { table.want(template, of: try TenantID("t\(number)"), at: begin) }
        let first = table.steps(at: begin)
        #expect(first.count == 2)
        guard case .start(let key, _) = first[0] else { return }
        table.started(key, at: begin)
        expect(table.steps(at: begin).count, is: 1)
    }

    @Test func `where there are as many as may be, the one longest unused makes room`() throws {
        var limits = ZygoteLimits()
        limits.zygotes = 2
        var table = ZygoteTable(limits: limits)
        let template = try Template.test(hasZygote: true)
        let tenants = try ["a", "b", "c"].map { try TenantID($0) }
        for tenant in tenants.prefix(2) { table.want(template, of: tenant, at: begin) }
        expect(table.use(template, of: tenants[2], at: begin), is: .cold("there are 2 zygotes, as many as may be"))
        _ = table.steps(at: begin)
        for tenant in tenants.prefix(2) { table.started(key(tenant), at: begin) }
        _ = table.use(template, of: tenants[0], at: begin + .seconds(1))
        expect(table.want(template, of: tenants[2], at: begin + .seconds(2)), is: true)
        expect(table.steps(at: begin + .seconds(2)).contains(.end(key(tenants[1]))), is: true)
    }

    @Test func `when the backend is there anew every zygote is asked for again`() throws {
        let template = try Template.test(hasZygote: true)
        var table = ready(template)
        table.doubtAll(at: begin)
        expect(table.steps(at: begin), is: [.start(key(), template)])
    }
}
