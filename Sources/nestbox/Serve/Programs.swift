import Glibc

/// Where our own programs and templates lie: beside this one.
struct Programs {
    /// This program, by the kernel's word.
    let own: String
    let spawner: String
    let guest: String
    /// Where `make templates` leaves them.
    let templates: String

    init() throws(ServeError) {
        let link = "/proc/self/exe"
        guard let path = realpath(link, nil) else { throw ServeError("realpath", link, errno: errno) }
        defer { free(path) }
        let own = String(cString: path)
        self.own = own
        let directory = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? ""
        spawner = try Self.find("nestbox-spawner", beside: directory)
        guest = try Self.find("nestbox-guest", beside: directory)
        templates = directory + "/../build/templates"
    }

    private static func find(_ name: String, beside directory: String) throws(ServeError) -> String {
        let places = ["\(directory)/\(name)", "\(directory)/../libexec/\(name)"]
        guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
            throw ServeError("\(places[0]) is not there: `make build` makes it")
        }
        return found
    }
}
