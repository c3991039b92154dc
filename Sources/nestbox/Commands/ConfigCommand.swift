import ArgumentParser

/// `nestbox config`.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "About configuration files.", subcommands: [ConfigCheckCommand.self])
}

/// `nestbox config check FILE`: says whether `serve` would take the file.
struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks a configuration file; prints what is wrong with it, or nothing.")

    @Argument(help: "The file.") var file: String

    func run() throws {
        var settings = Settings()
        try SettingsFile.apply(file, to: &settings)
        try settings.check()
    }
}
