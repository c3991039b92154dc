import ArgumentParser

/// `nestbox serve`: the server, in the foreground.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves the API until SIGTERM or Ctrl-C.",
        discussion: """
            Needs root for the part that makes sandboxes; the part that talks to the network runs as an unprivileged \
            user. Prints one line with the URL when it is ready. Sandboxes outlive it.
            """)

    @Option(help: "Where everything is kept.") var data: String?
    @Option(help: "HOST:PORT to listen on; port 0 picks one that is free.") var listen: String?
    @Option(help: "Where the templates lie, as `make templates` leaves them.") var templates: String?
    @Option(help: "A YAML file of settings; flags go before it.") var config: String?
    @Option(help: "The unprivileged user, by name or number.") var user: String?
    @Option(help: "Sandboxes are PORT-ID.DOMAIN.") var domain: String?
    @Option(help: "A PEM file of the certificate for TLS, its chain behind it.") var tlsCertificate: String?
    @Option(help: "A PEM file of that certificate's key.") var tlsKey: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?
    @Option(help: "text or json.") var logFormat: String?
    @Option(help: "Most sandboxes alive at once.") var sandboxLimit: String?
    @Flag(help: "End every sandbox when the server ends.") var stopSandboxes = false

    func run() throws {
        var monitor = try Monitor(settings())
        throw ExitCode(try monitor.run())
    }

    func settings() throws(SettingsError) -> Settings {
        var settings = Settings()
        if let config { try SettingsFile.apply(config, to: &settings) }
        for (key, text) in given {
            if let text { try settings.set(key, text, at: "--\(key.rawValue)") }
        }
        try settings.check()
        return settings
    }

    private var given: [(SettingKey, String?)] {
        [
            (.data, data), (.listen, listen), (.templates, templates), (.user, user), (.domain, domain),
            (.logLevel, logLevel), (.logFormat, logFormat), (.sandboxLimit, sandboxLimit),
            (.stopSandboxes, stopSandboxes ? "true" : nil), (.tlsCertificate, tlsCertificate), (.tlsKey, tlsKey),
        ]
    }
}
