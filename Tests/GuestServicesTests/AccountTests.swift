import GuestProtocol
import Testing

@testable import GuestServices

@Suite struct AccountTests {
    private let accounts = AccountDatabase(
        passwd: """
            root:x:0:0:root:/root:/bin/bash
            # comment
            user:x:1000:1000::/home/user:/bin/bash
            short:x:1
            relative:x:5:5::home:/bin/sh
            signed:x:+6:6::/:/bin/sh
            nothing:x:4294967295:7::/:/bin/sh
            """,
        group: "sudo:x:27:user,other\nuser:x:1000:\nvideo:x:44:other,user\nbroken:x:\n")

    @Test func `an account is found by its name with its groups, the primary one first`() throws {
        let user = try accounts.account(named: "user")
        #expect(user == Account(name: "user", userID: 1000, groupID: 1000, home: "/home/user", shell: "/bin/bash"))
        #expect(accounts.groupIDs(of: user) == [1000, 27, 44])
    }

    @Test(arguments: ["nobody", "", "1000", "short", "relative", "signed", "nothing", "# comment"])
    func `a line that is no account makes none`(name: String) {
        #expect(throws: GuestFailure(.unknownUser, "invalid username: '\(name)'")) {
            try accounts.account(named: name)
        }
    }

    @Test func `ids without a name are told as numbers`() {
        #expect(accounts.userName(1000) == "user")
        #expect(accounts.userName(7) == "7")
        #expect(accounts.groupName(27) == "sudo")
        #expect(accounts.groupName(9) == "9")
    }

    @Test func `there is a root even without any file`() throws {
        let empty = AccountDatabase(passwd: "", group: "")
        #expect(try empty.account(named: "root").userID == 0)
        #expect(empty.groupName(0) == "root")
    }
}
