import CLinux
import Glibc
import GuestProtocol
import Testing
import WireCoding

@testable import GuestServices

@Suite struct FileTests {
    private func failureCode(_ reply: GuestReply) throws -> GuestFailure.Code {
        guard case .failure(let failure) = reply else { throw LiveGuestError.unexpectedReply }
        return failure.code
    }

    @Test func `what is written is read back, whole and in part`() throws {
        try withGuest { (guest) throws in
            let entry = try guest.write("a/b/file.txt", "0123456789", metadata: [])
            #expect(entry.name == "file.txt")
            #expect(entry.size == 10)
            #expect(entry.kind == .file)
            #expect(entry.mode == 0o644)
            #expect(entry.owner == LiveGuest.user)
            #expect(try guest.read(guest.path("a/b/file.txt")) == Array("0123456789".utf8))
            #expect(try guest.read(guest.path("a/b/file.txt"), offset: 3, length: 4) == Array("3456".utf8))
            #expect(try guest.read(guest.path("a/b/file.txt"), offset: 100) == [])
        }
    }

    @Test func `a large file makes the way there and back unchanged`() throws {
        try withGuest { (guest) throws in
            let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let call = try guest.open(.writeFile(WriteFile(path: guest.path("large"))))
            for start in stride(from: 0, to: bytes.count, by: 700_000) {
                try call.send(GuestFollowUp.bytes(Array(bytes[start..<min(start + 700_000, bytes.count)])).frame)
            }
            try call.send(GuestFollowUp.end.frame)
            guard case .entry(let entry) = try call.next() else { throw LiveGuestError.unexpectedReply }
            #expect(entry.size == 5_000_000)
            #expect(try guest.read(guest.path("large")) == bytes)
        }
    }

    @Test(arguments: [0, 1, PromptFiles.byteLimit - 1, PromptFiles.byteLimit, PromptFiles.byteLimit + 1])
    func `a file is read whole, by the loop or by a worker`(size: Int) throws {
        try withGuest { (guest) throws in
            let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: size)
            _ = try guest.write("f", String(decoding: bytes, as: UTF8.self))
            #expect(try guest.read(guest.path("f")) == bytes)
            #expect(try guest.read(guest.path("f"), offset: 1) == Array(bytes.dropFirst()))
            #expect(try guest.read(guest.path("f"), length: UInt64(size)) == bytes)
        }
    }

    @Test(arguments: [0, 3, 40_000, 200_000])
    func `what comes with the request is written as what comes after it`(size: Int) throws {
        try withGuest { (guest) throws in
            let text = String(repeating: "x", count: size)
            let metadata = [WirePair(name: "key", value: "v")]
            for name in ["a/b/f", "a/b/f", "a/g"] {
                guard case .entry(let atOnce) = try guest.writeAtOnce(name, text, metadata: metadata) else {
                    throw LiveGuestError.unexpectedReply
                }
                var later = try guest.write(name, text, metadata: metadata)
                later.modifiedNanoseconds = atOnce.modifiedNanoseconds
                #expect(atOnce == later && atOnce.mode == 0o644 && atOnce.owner == LiveGuest.user)
                #expect(try guest.read(guest.path(name)) == Array(text.utf8))
            }
        }
    }

    @Test func `what cannot be written is refused without a trace, also when it comes with the request`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir d; mkfifo p; touch f")
            let descriptors = { try guest.run("ls /proc/\(guest.processID)/fd | wc -l").text }
            let before = try descriptors()
            for name in ["d", "p", "f/g"] {
                #expect(throws: Never.self) { try failureCode(try guest.writeAtOnce(name, "x")) }
            }
            #expect(try descriptors() == before)
        }
    }

    @Test func `a file is replaced whole by a shorter one`() throws {
        try withGuest { (guest) throws in
            _ = try guest.write("f", "long text")
            _ = try guest.write("f", "x")
            #expect(try guest.read(guest.path("f")) == Array("x".utf8))
        }
    }

    @Test func `files of proc are read to their end though they have no size`() throws {
        try withGuest { (guest) throws in
            #expect(!(try guest.read(FilePath("/proc/cpuinfo"))).isEmpty)
        }
    }

    @Test(arguments: ["/dev/null", "/dev", "directory", "pipe"])
    func `only regular files are read and written`(name: String) throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir directory; mkfifo pipe")
            let path = name.hasPrefix("/") ? FilePath(name) : guest.path(name)
            #expect(try failureCode(try guest.ask(.readFile(ReadFile(path: path)))) == .invalidArgument)
            #expect(try failureCode(try guest.ask(.writeFile(WriteFile(path: path)))) == .invalidArgument)
        }
    }

    @Test func `paths are relative to the default directory only when empty, and to the home otherwise`() throws {
        try withGuest { (guest) throws in
            guard case .entry(let entry) = try guest.ask(.stat(FilePath(""))) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(entry.path == guest.directory)
            #expect(try failureCode(try guest.ask(.stat(FilePath("no-such-\(guest.processID)")))) == .notFound)
            #expect(try failureCode(try guest.ask(.stat(FilePath("/tmp\0/x")))) == .invalidArgument)
            #expect(try failureCode(try guest.ask(.stat(FilePath("/", user: "nobody-here")))) == .unknownUser)
        }
    }

    @Test func `a link shows its target's kind and mode, and where it leads`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir real; ln -s real link; ln -s nowhere broken")
            guard case .entry(let link) = try guest.ask(.stat(guest.path("link"))),
                case .entry(let broken) = try guest.ask(.stat(guest.path("broken")))
            else { throw LiveGuestError.unexpectedReply }
            #expect(link.kind == .directory)
            #expect(link.isSymbolicLink)
            #expect(link.mode == 0o755)
            #expect(link.ownMode & 0o170000 == 0o120000)
            #expect(link.symlinkTarget == guest.directory + "/real")
            #expect(broken.kind == .other)
            #expect(broken.isSymbolicLink)
            #expect(broken.mode == 0)
        }
    }

    @Test func `metadata is replaced by each write and survives a move`() throws {
        try withGuest { (guest) throws in
            let pairs = [WirePair(name: "a", value: "1"), WirePair(name: "b", value: "ü")]
            #expect(try guest.write("f", "x", metadata: pairs).metadata == pairs)
            let move = MoveFile(source: guest.path("f"), destination: guest.directory + "/new/g")
            guard case .entry(let moved) = try guest.ask(.move(move)) else { throw LiveGuestError.unexpectedReply }
            #expect(moved.path == guest.directory + "/new/g")
            #expect(moved.metadata == pairs)
            #expect(try guest.write("new/g", "y", metadata: [WirePair(name: "b", value: "2")]).metadata
                == [WirePair(name: "b", value: "2")])
            #expect(try failureCode(try guest.ask(.move(move))) == .notFound)
        }
    }

    @Test func `a move between file systems keeps contents, modes, links and metadata`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir -p d/e; echo text > d/e/f; chmod 640 d/e/f; ln -s e d/l")
            let other = "/dev/shm/nestbox-guest-test-\(guest.processID)"
            let there = MoveFile(source: guest.path("d"), destination: other)
            guard case .entry = try guest.ask(.move(there)) else { throw LiveGuestError.unexpectedReply }
            let finished = try guest.run("stat -c %a \(other)/e/f; cat \(other)/l/f; ls -A; rm -r \(other)")
            #expect(finished.text == "640\ntext\nguest.sock\n")
        }
    }

    @Test func `directories are listed in the order of their names, level by level, not through links`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir -p d/b/c d/a.d; touch d/b/c/z d/a d/Z; ln -s b d/link")
            func names(_ depth: UInt32) throws -> [String] {
                let call = try guest.open(.listDirectory(ListDirectory(path: guest.path("d"), depth: depth)))
                var names: [String] = []
                while case .entry(let entry) = try call.next() {
                    names.append(String(entry.path.dropFirst(guest.directory.count + 3)))
                }
                return names
            }
            #expect(try names(0) == ["Z", "a", "a.d", "b", "link"])
            #expect(try names(1) == ["Z", "a", "a.d", "b", "link"])
            #expect(try names(9) == ["Z", "a", "a.d", "b", "b/c", "b/c/z", "link"])
            let file = ListDirectory(path: guest.path("d/a"), depth: 1)
            #expect(try failureCode(try guest.ask(.listDirectory(file))) == .invalidArgument)
            let missing = ListDirectory(path: guest.path("no"), depth: 1)
            #expect(try failureCode(try guest.ask(.listDirectory(missing))) == .notFound)
        }
    }

    @Test func `a directory is made once, with all above it`() throws {
        try withGuest { (guest) throws in
            guard case .entry(let entry) = try guest.ask(.makeDirectory(guest.path("x/y/z"))) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(entry.kind == .directory)
            #expect(try failureCode(try guest.ask(.makeDirectory(guest.path("x/y")))) == .alreadyExists)
            _ = try guest.write("file", "")
            #expect(try failureCode(try guest.ask(.makeDirectory(guest.path("file")))) == .invalidArgument)
            #expect(try failureCode(try guest.ask(.makeDirectory(guest.path("file/below")))) == .invalidArgument)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"))
    func `what is made for a user belongs to that user`() throws {
        try withGuest { (guest) throws in
            let path = FilePath(guest.directory + "/p/q/f", user: "nobody")
            let call = try guest.open(.writeFile(WriteFile(path: path)))
            try call.send(GuestFollowUp.end.frame)
            guard case .entry(let entry) = try call.next() else { throw LiveGuestError.unexpectedReply }
            #expect(entry.owner == "nobody")
            #expect(try guest.run("stat -c %U p p/q").text == "nobody\nnobody\n")
        }
    }

    @Test func `removing takes all below, follows no link, and is no error where nothing is`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir -p d/e/f keep; touch keep/file d/e/f/g; ln -s ../../keep d/e/link")
            #expect(try guest.ask(.remove(guest.path("d"))) == .ok)
            #expect(try guest.run("ls keep; ls").text == "file\nguest.sock\nkeep\n")
            #expect(try guest.ask(.remove(guest.path("d"))) == .ok)
            #expect(try failureCode(try guest.ask(.remove(FilePath("/")))) == .invalidArgument)
            #expect(try failureCode(try guest.ask(.remove(FilePath("/tmp/..")))) == .invalidArgument)
        }
    }

    @Test func `a tree deeper than any path is removed`() throws {
        try withGuest { (guest) throws in
            let script = "import os\nfor _ in range(3000):\n os.mkdir('directory'); os.chdir('directory')"
            _ = try guest.run("mkdir deep; cd deep; python3 -c \"\(script)\"")
            #expect(try guest.ask(.remove(guest.path("deep"))) == .ok)
            #expect(try guest.run("ls").text == "guest.sock\n")
        }
    }

    @Test func `files are joined in their order and gone afterwards`() throws {
        try withGuest { (guest) throws in
            for part in ["1", "2", "3"] { _ = try guest.write(part, part) }
            let sources = ["1", "2", "3"].map { guest.directory + "/" + $0 }
            let compose = ComposeFiles(sources: sources, destination: guest.path("1"))
            guard case .entry(let entry) = try guest.ask(.composeFiles(compose)) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(entry.size == 3)
            #expect(try guest.run("cat 1; ls").text == "1231\nguest.sock\n")
            #expect(try failureCode(try guest.ask(.composeFiles(compose))) == .notFound)
            #expect(try guest.run("cat 1; ls -A").text == "1231\nguest.sock\n")
        }
    }

    @Test func `an upload that breaks off leaves what came, and no worker`() throws {
        try withGuest { (guest) throws in
            var call: GuestCall? = try guest.open(.writeFile(WriteFile(path: guest.path("part"))))
            try call?.send(GuestFollowUp.bytes(Array("half".utf8)).frame)
            call = nil
            try eventually {
                guard case .entry(let entry) = try guest.ask(.stat(guest.path("part"))) else { return false }
                return entry.size == 4
            }
            try eventually { try descendants(of: guest.processID).isEmpty }
            #expect(try guest.read(guest.path("part")) == Array("half".utf8))
        }
    }

    @Test func `the disk's use is told`() throws {
        try withGuest { (guest) throws in
            guard case .disk(let usage) = try guest.ask(.diskUsage) else { throw LiveGuestError.unexpectedReply }
            #expect(usage.totalBytes > 0)
            #expect(usage.usedBytes <= usage.totalBytes)
        }
    }
}
