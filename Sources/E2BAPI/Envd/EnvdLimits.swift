import NIOCore

/// What one request to a sandbox's envd may cost the server. Every bound of envd stands here.
enum EnvdLimits {
    /// Of one Connect message in JSON, in bytes: input for a process is the largest.
    static let messageBytes = 8 << 20
    /// A longer one is not decoded on an event loop's thread.
    static let promptMessageBytes = 64 << 10
    /// How deep the JSON of a message may nest. The deepest that the protocol has is 5.
    static let messageDepth = 32
    /// Of what a JSON message that asks for little may hold, in bytes: `/files/compose`.
    static let composeBytes = 1 << 20
    /// Of a user's name, in bytes.
    static let userNameBytes = 256
    /// A process's standard input is handed to the guest in pieces of so many bytes.
    static let inputPieceBytes = 64 << 10

    /// Seconds without an event after which a stream says that it is alive, if the client does not ask otherwise.
    static let keepaliveSeconds = 90
    static let keepaliveRange = 1...3600
    /// Added to a command's own timeout, which the guest enforces, before the server stops waiting for its end.
    static let timeoutGrace: TimeAmount = .seconds(10)
    static let healthTimeout: TimeAmount = .seconds(5)

    /// Of one multipart part's headers, in bytes, and their number.
    static let partHeaderBytes = 16 << 10
    static let partHeaderCount = 16
    /// Of a multipart boundary, RFC 2046 section 5.1.1.
    static let boundaryBytes = 70
    /// Files in one upload.
    static let uploadFiles = 4096
    /// `X-Metadata-*` headers of one upload.
    static let metadataCount = 64
    /// A file up to this size is read whole before it is answered: one operation in the guest instead of two.
    static let wholeFileBytes = 64 << 10
    /// A file up to this size is sent to the guest with the request to write it: it fits into what the guest reads at
    /// once, and is written without a worker.
    static let promptUploadBytes = 48 << 10
    /// Files joined by one `/files/compose`.
    static let composeSources = 1024

    /// Of all entries of one listing, in bytes, give or take.
    static let listBytes = 64 << 20

    /// Watchers that clients poll, of one sandbox.
    static let watchersPerSandbox = 64
    static let watchers = 4096
    /// Events held for one of them, in bytes of JSON.
    static let watcherEventBytes = 1 << 20
    /// A watcher that nobody polls for so long is over.
    static let watcherIdleTime: Duration = .seconds(600)
    /// How often a quiet watcher looks whether anybody still polls it.
    static let watcherCheckInterval: TimeAmount = .seconds(30)
}
