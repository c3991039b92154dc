/// The files of `/etc` that say who and where one is: the same in every run, whatever the host's say.
enum SyntheticFiles {
    static let hostname = "sandbox"

    static let etc: [(name: String, text: String)] = [
        (
            "passwd",
            """
            root:x:0:0:root:/root:/bin/sh
            \(RunUser.name):x:\(RunUser.inside):\(RunUser.insideGroup)::\(RunUser.home):/bin/sh
            nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

            """
        ),
        ("group", "root:x:0:\n\(RunUser.name):x:\(RunUser.insideGroup):\nnogroup:x:65534:\n"),
        ("hosts", "127.0.0.1 localhost \(hostname)\n::1 localhost ip6-localhost\n"),
        ("hostname", hostname + "\n"),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n"),
        ("resolv.conf", "# there is no network here\n"),
    ]
}
