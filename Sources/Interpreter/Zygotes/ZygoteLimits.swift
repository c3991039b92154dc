/// How many zygotes there are, and when they come and go.
struct ZygoteLimits: Sendable {
    /// Of all tenants and templates.
    var zygotes = 32
    /// Warming up at once: each takes a processor for a while.
    var startsAtOnce = 2
    /// A zygote that nobody has used for so long is ended, unless it is the first tenant's.
    var idleTime: Duration = .seconds(1800)
    /// Before one that failed or ended by itself is started again; doubles with each failure.
    var shortestRest: Duration = .seconds(1)
    var longestRest: Duration = .seconds(60)
    /// One that lived for so long has not failed when it ends.
    var steadyTime: Duration = .seconds(60)
    /// How often it is looked whether anything is due.
    var tick: Duration = .seconds(1)
}
