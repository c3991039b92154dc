import Foundation
import Testing

@testable import nestbox

@Suite struct SettingsTests {
    @Test func `a file sets what flags set`() throws {
        let text = "data: /srv/nest\nlisten: \"[::1]:80\"\nstop-sandboxes: true\nlog-level: debug\nsandbox-limit: 7\n"
        var settings = Settings()
        for (key, value, place) in try SettingsFile.entries(of: text, "f") { try settings.set(key, value, at: place) }
        #expect(settings.data == "/srv/nest" && settings.listen == ListenAddress("[::1]:80"))
        #expect(settings.stopsSandboxes && settings.logLevel == .debug && settings.sandboxLimit == 7)
    }

    @Test(arguments: [
        ("data: /x\nsurprise: 1\n", "f:2: surprise"), ("listen: a\nlisten: b\n", "f"), ("[1, 2]", "f"),
        ("data: [1]\n", "f:1: data"), ("a: b: c", "f"),
    ])
    func `what a file may not say is refused with its line`(text: String, place: String) {
        let error = #expect(throws: SettingsError.self) { try SettingsFile.entries(of: text, "f") }
        #expect(error?.place == place)
    }

    @Test(arguments: ["", "# nothing\n", "\n"])
    func `an empty file sets nothing`(text: String) throws {
        #expect(try SettingsFile.entries(of: text, "f").isEmpty)
    }

    @Test(arguments: [
        (SettingKey.listen, "8300"), (.listen, "host:"), (.listen, "host:65536"), (.listen, "::1:80"), (.listen, ":80"),
        (.listen, "host:-1"), (.domain, ""), (.domain, "a..b"), (.domain, "-a"), (.domain, "a_b"), (.user, "0"),
        (.user, "root"), (.user, "no such user"), (.logLevel, "loud"), (.logFormat, "xml"), (.sandboxLimit, "0"),
        (.sandboxLimit, "4097"), (.sandboxLimit, "x"), (.stopSandboxes, "yes"), (.data, ""),
        (.tlsCertificate, ""), (.tlsKey, ""),
    ])
    func `a bad value is refused, naming where it stands`(key: SettingKey, text: String) {
        var settings = Settings()
        let error = #expect(throws: SettingsError.self) { try settings.set(key, text, at: "here") }
        #expect(error?.place == "here")
    }

    @Test(arguments: [
        (SettingKey.tlsCertificate, "needs tls-key beside it"), (.tlsKey, "needs tls-certificate beside it"),
    ])
    func `a certificate without its key is refused, and a key without its certificate`(
        given: SettingKey, cause: String
    ) throws {
        var settings = Settings()
        try settings.set(given, "/x.pem", at: "here")
        #expect(throws: SettingsError(place: given.rawValue, cause: cause)) { try settings.check() }
    }

    @Test func `what is handed to the other half arrives as it was`() throws {
        var settings = Settings()
        try settings.set(.domain, "Box.Example", at: "")
        let user = try #require(ServerUser("4242"))
        let sent = ServerHandover(settings: settings, user: user, monitor: 7, makesKey: true)
        let arrived = try ServerHandover(try sent.text)
        #expect(arrived.settings == settings && arrived.user == user && arrived.monitor == 7 && arrived.makesKey)
        #expect(arrived.settings.domain == "box.example")
    }

    @Test func `every setting is documented, and nothing else`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        let documented = page.matches(of: /(?m)^\| `([a-z-]+)` \|/).map { String($0.1) }
        #expect(documented.sorted() == SettingKey.allCases.map(\.rawValue).sorted())
    }
}

@Suite struct ShellTests {
    @Test(arguments: [
        ("plain-1.2_3/x:4", "plain-1.2_3/x:4"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'"),
    ])
    func `a shell reads back the text`(text: String, quoted: String) {
        #expect(Shell.quoted(text) == quoted)
    }

    @Test func `text from outside cannot steer the terminal`() {
        #expect(Output.printable("a\u{1b}[2Jb\n") == "a?[2Jb?")
    }
}
