import Foundation

/// What the half with root tells the half without it, as one argument of its command line. Nothing in it is secret.
struct ServerHandover: Codable, Sendable {
    var settings: Settings
    var user: ServerUser
    /// The parent, at whose death the server dies.
    var monitor: Int32
    /// Whether `keyDescriptor` takes the first API key.
    var makesKey: Bool

    /// Open directories and files that come along.
    static let lockDescriptor: Int32 = 3
    static let dataDescriptor: Int32 = 4
    static let templatesDescriptor: Int32 = 5
    static let keyDescriptor: Int32 = 6
    /// Where the settings name an operator's own.
    static let tlsCertificateDescriptor: Int32 = 7
    static let tlsKeyDescriptor: Int32 = 8

    var text: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    init(settings: Settings, user: ServerUser, monitor: Int32, makesKey: Bool) {
        self.settings = settings
        self.user = user
        self.monitor = monitor
        self.makesKey = makesKey
    }

    init(_ text: String) throws {
        self = try JSONDecoder().decode(ServerHandover.self, from: Data(text.utf8))
    }
}
