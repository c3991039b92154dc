import Glibc

/// The cgroups of one installation: one directory of the installation's name in every hierarchy that is used, and the
/// sandboxes' below it. It holds nothing open; making it again with the same name finds what is there.
public struct CgroupTree: Sendable {
    public let layout: CgroupLayout
    /// What can be limited in this tree.
    public let controllers: Set<CgroupController>

    let unifiedRoot: String?
    /// v1 directories, one for each hierarchy, with the controllers that it holds.
    let legacyRoots: [LegacyRoot]
    let files: CgroupFiles

    struct LegacyRoot: Sendable, Hashable {
        var directory: String
        var controllers: Set<CgroupController>
    }

    /// Finds or makes the tree `name` as near below this process's own cgroup as the kernel allows, so that what was
    /// imposed on us from outside holds for the sandboxes too.
    /// - Parameters:
    ///   - controllers: what must be limitable; `ENOTSUP` if the host cannot. On throw nothing new is left.
    ///   - known: the ``roots`` that an earlier process had, perhaps from another cgroup: found again where they are.
    public init(
        layout: CgroupLayout, name: String, controllers: Set<CgroupController> = CgroupController.limiting,
        known: [String] = []
    ) throws(SyscallError) {
        try self.init(layout: layout, name: name, controllers: controllers, files: .kernel, known: known)
    }

    init(
        layout: CgroupLayout, name: String, controllers: Set<CgroupController>, files: CgroupFiles,
        isAlone: Bool = false, known: [String] = []
    ) throws(SyscallError) {
        try Self.validate(name)
        let founder = CgroupFounder(name: name, files: files, isNew: isAlone, known: known)
        var made: [String] = []
        do {
            let legacyWanted = Self.legacyControllers(of: layout, wanted: controllers, isAlone: isAlone)
            let unifiedWanted = controllers.subtracting(legacyWanted)
            legacyRoots = try founder.legacyRoots(in: layout, holding: legacyWanted, made: &made)
            unifiedRoot =
                isAlone && unifiedWanted.isEmpty
                ? nil : try founder.unifiedRoot(in: layout, enabling: unifiedWanted, made: &made)
        } catch {
            for directory in made.reversed() { try? files.removeDirectory(directory) }  // the cause is thrown
            throw error
        }
        self.layout = layout
        self.controllers = controllers
        self.files = files
    }

    /// What must come from v1: the limits that it holds and, without a cgroup2, the means to stop and to measure.
    private static func legacyControllers(
        of layout: CgroupLayout, wanted: Set<CgroupController>, isAlone: Bool
    ) -> Set<CgroupController> {
        var used = wanted
        if layout.unified == nil && !isAlone { used.formUnion([.freezer, .cpuacct]) }
        return used.intersection(layout.legacy.keys)
    }

    /// Makes the cgroup `path`, relative to the tree, with these limits in force. On throw nothing of it is left.
    /// `EEXIST` if there is one already.
    public func makeSandbox(_ path: String, limits: CgroupLimits) throws(SyscallError) -> SandboxCgroup {
        try Self.validate(path)
        let missing = limits.controllers.subtracting(controllers)
        guard missing.isEmpty else { throw SyscallError("cgroup", path: path, number: ENOTSUP) }
        let sandbox = openSandbox(path)
        var made: [String] = []
        do {
            if let unifiedRoot { try makeBranch(path, below: unifiedRoot, enabling: unifiedControllers, made: &made) }
            for root in legacyRoots { try makeBranch(path, below: root.directory, enabling: [], made: &made) }
            try sandbox.apply(limits)
        } catch {
            for directory in made.reversed() { try? files.removeDirectory(directory) }  // the cause is thrown
            throw error
        }
        return sandbox
    }

    /// A cgroup of this name that is a tree by itself: for one sandbox without siblings, whose first process is its
    /// only handle, at the least number of directories: limits only. On throw nothing of it is left. The name must
    /// be new.
    public static func alone(
        layout: CgroupLayout, name: String, limits: CgroupLimits
    ) throws(SyscallError) -> SandboxCgroup {
        try alone(layout: layout, name: name, limits: limits, files: .kernel)
    }

    static func alone(
        layout: CgroupLayout, name: String, limits: CgroupLimits, files: CgroupFiles
    ) throws(SyscallError) -> SandboxCgroup {
        let tree = try CgroupTree(
            layout: layout, name: name, controllers: limits.controllers, files: files, isAlone: true)
        let sandbox = SandboxCgroup(
            unified: tree.unifiedRoot, unifiedControllers: tree.unifiedControllers, legacy: tree.legacyRoots,
            files: files)
        do {
            try sandbox.apply(limits)
            return sandbox
        } catch {
            tree.remove("")
            throw error
        }
    }

    /// Removes the cgroups that ``alone(layout:name:limits:)`` made under this name, as far as they are empty.
    public static func removeAlone(layout: CgroupLayout, name: String) {
        for directory in aloneDirectories(layout) {
            try? CgroupFiles.kernel.removeDirectory(joined(directory, name))  // not there, or still in use
        }
    }

    private static func aloneDirectories(_ layout: CgroupLayout) -> [String] {
        let legacy = CgroupController.limiting.compactMap { layout.legacy[$0] }
        let hierarchies = (layout.unified.map { [$0] } ?? []) + legacy
        return Set(hierarchies.flatMap(\.candidates)).sorted()
    }

    /// The cgroup `path` as it is; whether it exists shows when it is used.
    public func openSandbox(_ path: String) -> SandboxCgroup {
        SandboxCgroup(
            unified: unifiedRoot.map { joined($0, path) },
            unifiedControllers: unifiedControllers,
            legacy: legacyRoots.map { LegacyRoot(directory: joined($0.directory, path), controllers: $0.controllers) },
            files: files)
    }

    /// The names of the cgroups directly below `path` ("" is the tree itself), in any hierarchy.
    public func children(of path: String) throws(SyscallError) -> [String] {
        var names: Set<String> = []
        for root in directories {
            do {
                names.formUnion(try files.subdirectories(path.isEmpty ? root : joined(root, path)))
            } catch where error.number == ENOENT {
                continue  // in this hierarchy it is gone already
            }
        }
        return names.sorted()
    }

    /// Removes the cgroup `path` and all below it, as far as they are empty of processes. What is busy stays and is
    /// found by ``children(of:)``.
    public func remove(_ path: String) {
        for root in directories { removeSubtree(path.isEmpty ? root : joined(root, path), depth: 0) }
    }

    private static let depthLimit = 16

    private func removeSubtree(_ directory: String, depth: Int) {
        guard depth < Self.depthLimit, let children = try? files.subdirectories(directory) else { return }  // gone
        for child in children { removeSubtree(joined(directory, child), depth: depth + 1) }
        try? files.removeDirectory(directory)  // busy: it stays, as promised
    }

    /// The tree's own directories, one in each hierarchy that is used.
    public var roots: [String] { directories }

    private var directories: [String] { (unifiedRoot.map { [$0] } ?? []) + legacyRoots.map(\.directory) }

    /// The limits that cgroup2 enforces; empty on a hybrid.
    private var unifiedControllers: Set<CgroupController> {
        guard unifiedRoot != nil else { return [] }
        return legacyRoots.reduce(controllers) { $0.subtracting($1.controllers) }
    }

    private func makeBranch(
        _ path: String, below root: String, enabling: Set<CgroupController>, made: inout [String]
    ) throws(SyscallError) {
        // Mostly a sibling was made before, with all that is above both; on v1 there is nothing to enable on the way.
        if enabling.isEmpty, try makeDirectory(joined(root, path), made: &made) { return }
        var directory = root
        let names = path.split(separator: "/")
        for (index, name) in names.enumerated() {
            try enableControllers(enabling, in: directory, files: files)
            directory = joined(directory, String(name))
            do {
                try files.makeDirectory(directory)
                made.append(directory)
            } catch where error.number == EEXIST && index < names.count - 1 {
                continue  // a family's cgroup, made for a sibling
            }
        }
    }

    /// - Returns: false if what is to be above it is not there.
    private func makeDirectory(_ directory: String, made: inout [String]) throws(SyscallError) -> Bool {
        do { try files.makeDirectory(directory) } catch where error.number == ENOENT { return false }
        made.append(directory)
        return true
    }

    /// Words of letters, digits, `-`, `_` and inner dots, joined by single slashes: no way up, no control file.
    private static func validate(_ path: String) throws(SyscallError) {
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        let isValid = names.allSatisfy { name in
            !name.isEmpty && name.first != "."
                && name.utf8.allSatisfy { $0 < 128 && (isalnum(Int32($0)) != 0 || "-_.".utf8.contains($0)) }
        }
        guard isValid, path.utf8.count <= Int(NAME_MAX) else {
            throw SyscallError("cgroup", path: path, number: EINVAL)
        }
    }
}
