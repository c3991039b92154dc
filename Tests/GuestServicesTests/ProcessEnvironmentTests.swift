import GuestProtocol
import Testing
import WireCoding

@testable import GuestServices

@Suite struct ProcessEnvironmentTests {
    private let account = Account(name: "user", userID: 1000, groupID: 1000, home: "/home/user", shell: "/bin/bash")

    private func environment(
        sandbox: [WirePair] = [], request: [WirePair] = [], reserved: [WirePair] = []
    ) -> ProcessEnvironment {
        ProcessEnvironment(account: account, sandbox: sandbox, request: request, reserved: reserved)
    }

    @Test func `the account's own come first`() {
        #expect(
            environment().assignments == [
                "PATH=\(ProcessEnvironment.defaultPath)", "HOME=/home/user", "USER=user", "LOGNAME=user",
                "SHELL=/bin/bash",
            ])
    }

    @Test func `request beats sandbox, reserved beats all`() {
        let all = environment(
            sandbox: [WirePair(name: "A", value: "sandbox"), WirePair(name: "B", value: "sandbox")],
            request: [WirePair(name: "B", value: "request"), WirePair(name: "ID", value: "forged")],
            reserved: [WirePair(name: "ID", value: "real")])
        #expect(all.assignments.suffix(3) == ["A=sandbox", "B=request", "ID=real"])
    }

    @Test(arguments: [
        ("/bin/ls", ["/bin/ls"]), ("./run", ["./run"]), ("ls", ["/one/ls", "/two/ls"]),
    ]) func `a command is looked for in the absolute directories of its own PATH`(command: String, paths: [String]) {
        let path = WirePair(name: "PATH", value: "/one:relative::/two:.")
        #expect(environment(request: [path]).candidates(for: command) == paths)
    }
}
