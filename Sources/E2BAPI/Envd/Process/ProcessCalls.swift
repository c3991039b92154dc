import HTTPExchange

/// `process.Process`, one method of the wire per method here.
struct ProcessCalls: Sendable {
    let call: EnvdCall

    /// - Returns: nil if the service has no such method.
    func respond(to method: String) async -> HTTPResponse? {
        switch method {
        case "Start": await start()
        case "Connect": await connect()
        case "List": await list()
        case "Update": await update()
        case "StreamInput": await streamInput()
        case "SendInput": await sendInput()
        case "SendSignal": await sendSignal()
        case "CloseStdin": await closeInput()
        default: nil
        }
    }
}
