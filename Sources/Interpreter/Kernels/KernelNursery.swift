import Logging
import SandboxModel

/// Where a sandbox's kernels come from: warm from the zygote of what it was made from, or cold.
struct KernelNursery: Sendable {
    let interpreter: InterpreterSpec
    /// What the sandbox was made from; nil if that is not known any more, because the server was restarted since.
    let template: Template?
    let zygotes: ZygoteKeeper
    let log: Logger

    /// A kernel for a context that has none. One that cannot be had warm is started cold, which the log tells.
    func kernel(for context: CodeContext, on host: KernelHost) async throws(InterpreterError) -> Kernel {
        if let warm = await land(context, on: host) { return warm }
        guard let language = interpreter.languages[context.language] else {
            throw .unknownLanguage(context.language, known: interpreter.languages.keys.sorted())
        }
        let begin = ContinuousClock.now
        let kernel = try await host.start(context, language.command)
        log.debug("a kernel was started cold", metadata: metadata(context, host, since: begin))
        return kernel
    }

    /// - Returns: a kernel that is on its way; nil if none is to be had warm, which the log tells where one should be.
    func land(_ context: CodeContext, on host: KernelHost) async -> Kernel? {
        guard let template, template.zygote?.language == context.language else { return nil }
        let begin = ContinuousClock.now
        let failure: String
        if let words = LandingWords.bytes(context, in: host.sandbox) {
            switch await zygotes.land(words, in: host.sandbox.record, of: template) {
            case .landed(let pid):
                log.debug("a kernel landed", metadata: metadata(context, host, since: begin))
                return Kernel(origin: .landed, pid: pid, hasGreeted: false)
            case .failed(let reason): failure = reason
            }
        } else {
            failure = "the sandbox's environment is over \(InterpreterLimits.landingBytes) bytes"
        }
        var metadata = metadata(context, host, since: begin)
        metadata["reason"] = "\(failure)"
        log.info("no kernel could be landed, one will be started cold", metadata: metadata)
        return nil
    }

    private func metadata(
        _ context: CodeContext, _ host: KernelHost, since begin: ContinuousClock.Instant
    ) -> Logger.Metadata {
        let elapsed = begin.duration(to: .now) / .milliseconds(1)
        return [
            "sandbox.id": "\(host.sandbox.record.id)", "context.id": "\(context.id)", "language": "\(context.language)",
            "milliseconds": "\(Int(elapsed))",
        ]
    }
}

