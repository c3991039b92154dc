/// A body that is not the multipart it says it is.
struct MultipartError: Error, Hashable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
