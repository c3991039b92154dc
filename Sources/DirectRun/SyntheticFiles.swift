/// The files of `/etc` that say who and where one is: the same in every run, whatever the host's say.
enum SyntheticFiles {
    static let hostname = "sandbox"

    /// For a root that has no `/etc` of its own.
    static let etc: [(name: String, text: String)] = hostEtc + [
        (
            "passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            \(RunUser.name):x:\(RunUser.inside):\(RunUser.inside)::\(RunUser.home):/bin/sh
            nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

            """
        ),
        ("group", "root:x:0:\n\(RunUser.name):x:\(RunUser.inside):\nnogroup:x:65534:\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n"),
    ]

    /// What tells of the host and the network.
    static let hostEtc: [(name: String, text: String)] = [
        ("hosts", "127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost\n"),
        ("hostname", hostname + "\n"),
        ("resolv.conf", "# there is no network here\n"),
    ]
}
