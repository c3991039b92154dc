import GuestProtocol

extension FileWorker {
    func remove(_ request: FilePath) throws(GuestFailure) {
        try TreeRemoval.remove(try lookup.resolve(request).path)
        channel.send(.ok)
    }
}
