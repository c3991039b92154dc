import Glibc

/// Finds the place for a tree: the first directory, from our own cgroup upwards, where the tree is already or may be
/// made. Every directory it makes goes into `made`, for the caller to take back.
struct CgroupFounder {
    let name: String
    let files: CgroupFiles
    /// The tree is known to be new: nobody looks for it.
    var isNew = false
    /// Where the tree was before, in any hierarchy. What is no longer there, or was never a place for it, is passed
    /// over.
    var known: [String] = []

    func legacyRoots(
        in layout: CgroupLayout, holding controllers: Set<CgroupController>, made: inout [String]
    ) throws(SyscallError) -> [CgroupTree.LegacyRoot] {
        var roots: [CgroupTree.LegacyRoot] = []
        for controller in controllers.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard let hierarchy = layout.legacy[controller] else { continue }
            // cpu and cpuacct are often one mount: the second finds what the first has made.
            let directory = try root(in: hierarchy, enabling: [], made: &made)
            if let index = roots.firstIndex(where: { $0.directory == directory }) {
                roots[index].controllers.insert(controller)
            } else {
                roots.append(CgroupTree.LegacyRoot(directory: directory, controllers: [controller]))
            }
        }
        return roots
    }

    func unifiedRoot(
        in layout: CgroupLayout, enabling controllers: Set<CgroupController>, made: inout [String]
    ) throws(SyscallError) -> String? {
        guard let hierarchy = layout.unified else {
            guard controllers.isEmpty else { throw SyscallError("cgroup", path: "cgroup2", number: ENOTSUP) }
            return nil
        }
        return try root(in: hierarchy, enabling: controllers, made: &made)
    }

    private func root(
        in hierarchy: CgroupLayout.Hierarchy, enabling controllers: Set<CgroupController>, made: inout [String]
    ) throws(SyscallError) -> String {
        for directory in known where isPlace(directory, in: hierarchy) && exists(directory) {
            let place = String(directory.dropLast(name.count + 1))
            try enable(controllers, in: place, isTop: place == hierarchy.mountPoint)
            return directory
        }
        for place in hierarchy.candidates where !isNew && exists(joined(place, name)) {
            try enable(controllers, in: place, isTop: place == hierarchy.mountPoint)
            return joined(place, name)
        }
        var refusal = SyscallError("cgroup", path: hierarchy.mountPoint, number: ENOENT)
        for place in hierarchy.candidates {
            do {
                try enable(controllers, in: place, isTop: place == hierarchy.mountPoint)
                try files.makeDirectory(joined(place, name))
                made.append(joined(place, name))
                return joined(place, name)
            } catch {
                refusal = error  // the next place up may allow it; the top's answer is the one that counts
            }
        }
        throw refusal
    }

    private func isPlace(_ directory: String, in hierarchy: CgroupLayout.Hierarchy) -> Bool {
        directory.hasPrefix(hierarchy.mountPoint + "/") && directory.hasSuffix("/" + name)
            && !directory.split(separator: "/").contains("..")
    }

    private func exists(_ directory: String) -> Bool {
        (try? files.subdirectories(directory)) != nil  // unreadable is as good as absent: making it will tell
    }

    /// A cgroup with processes of its own may not hand controllers down. Only at the top of what we can see, a
    /// container's root, are they moved into a leaf, since there is no place above.
    private func enable(
        _ controllers: Set<CgroupController>, in place: String, isTop: Bool
    ) throws(SyscallError) {
        do {
            try enableControllers(controllers, in: place, files: files)
        } catch where error.number == EBUSY && isTop {
            try moveProcesses(of: place)
            try enableControllers(controllers, in: place, files: files)
        }
    }

    private func moveProcesses(of place: String) throws(SyscallError) {
        let leaf = joined(place, name + "-host")
        do { try files.makeDirectory(leaf) } catch where error.number == EEXIST {}
        for pid in try files.read(joined(place, "cgroup.procs")).split(separator: "\n") {
            do {
                try files.write(String(pid), joined(leaf, "cgroup.procs"))
            } catch where error.number == ESRCH {
                continue  // it ended meanwhile
            }
        }
    }
}

/// Hands `controllers` down to the children of a cgroup2 `directory`. `ENOTSUP` if the directory has not got them.
func enableControllers(
    _ controllers: Set<CgroupController>, in directory: String, files: CgroupFiles
) throws(SyscallError) {
    if controllers.isEmpty { return }
    let names = controllers.map(\.rawValue).sorted()
    let control = joined(directory, "cgroup.subtree_control")
    let enabled = try files.read(control).split(whereSeparator: \.isWhitespace).map(String.init)
    if Set(names).isSubset(of: enabled) { return }
    let available = try files.read(joined(directory, "cgroup.controllers")).split(whereSeparator: \.isWhitespace)
    guard Set(names).isSubset(of: available.map(String.init)) else {
        throw SyscallError("cgroup", path: control, number: ENOTSUP)
    }
    try files.write(names.map { "+" + $0 }.joined(separator: " "), control)
}
