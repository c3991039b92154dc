import Glibc
import GuestProtocol
import Testing

@Suite struct WatchTests {
    private func watch(_ guest: LiveGuest, recursive: Bool, entry: Bool = false) throws -> GuestCall {
        let request = WatchDirectory(
            path: guest.path("w"), isRecursive: recursive, includesEntry: entry, allowsNetworkMounts: false)
        let call = try guest.open(.watchDirectory(request))
        try #require(try call.next() == .ok)
        return call
    }

    /// The events up to the one that makes `last`.
    private func events(_ call: GuestCall, upTo last: String) throws -> [String] {
        var events: [String] = []
        while case .event(let event) = try call.next() {
            events.append("\(event.kind) \(event.name)")
            if event.name == last { return events }
        }
        throw LiveGuestError.unexpectedReply
    }

    @Test func `each change is told with its name`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir w")
            let call = try watch(guest, recursive: false)
            _ = try guest.run("cd w; echo x > f; chmod 600 f; mv f g; rm g; mkdir d; touch d/inner; touch last")
            #expect(
                try events(call, upTo: "last") == [
                    "create f", "write f", "chmod f", "rename f", "create g", "remove g", "create d", "create last",
                ])
        }
    }

    @Test func `what is made in new directories is told, however deep and however fast`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir -p w/old")
            let call = try watch(guest, recursive: true)
            _ = try guest.run("cd w; mkdir -p a/b/c && touch a/b/c/f; mkdir old/new")
            let seen = try events(call, upTo: "old/new")
            #expect(seen.filter { $0.hasPrefix("create") } == [
                "create a", "create a/b", "create a/b/c", "create a/b/c/f", "create old/new",
            ])
        }
    }

    @Test func `a directory that was moved is told by its new name`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir -p w/a/b")
            let call = try watch(guest, recursive: true)
            _ = try guest.run("cd w; mv a z; touch z/b/f; rm -r z; touch last")
            #expect(
                try events(call, upTo: "last") == [
                    "rename a", "create z", "create z/b/f", "chmod z/b/f", "remove z/b/f", "remove z/b", "remove z",
                    "create last",
                ])
        }
    }

    @Test func `entries come with creations when asked for`() throws {
        try withGuest { (guest) throws in
            _ = try guest.run("mkdir w")
            let call = try watch(guest, recursive: false, entry: true)
            _ = try guest.write("w/f", "text")
            guard case .event(let event) = try call.next() else { throw LiveGuestError.unexpectedReply }
            #expect(event.kind == .create)
            #expect(event.entry?.path == guest.directory + "/w/f")
        }
    }

    @Test func `a missing directory, a file, and a client that leaves are dealt with`() throws {
        try withGuest { (guest) throws in
            let missing = WatchDirectory(
                path: guest.path("no"), isRecursive: false, includesEntry: false, allowsNetworkMounts: false)
            guard case .failure(let first) = try guest.ask(.watchDirectory(missing)) else {
                throw LiveGuestError.unexpectedReply
            }
            #expect(first.code == .notFound)
            _ = try guest.run("mkdir w")
            var call: GuestCall? = try watch(guest, recursive: true)
            #expect(try descendants(of: guest.processID).count == 1)
            _ = call
            call = nil
            try eventually { try descendants(of: guest.processID).isEmpty }
        }
    }
}
