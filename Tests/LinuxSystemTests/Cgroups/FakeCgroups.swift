import Glibc
import Synchronization

@testable import LinuxSystem

/// A cgroup file system in memory: directories, the control files that were given, and a record of what was written.
final class FakeCgroups: Sendable {
    struct State {
        var directories: Set<String> = []
        var texts: [String: String] = [:]
        var writes: [String] = []
        var killed: [Int32] = []
        /// Answered, and used up, by the next write to that path.
        var refusals: [String: Int32] = [:]
    }

    let state: Mutex<State>

    init(directories: Set<String>, texts: [String: String] = [:]) {
        state = Mutex(State(directories: directories, texts: texts))
    }

    var writes: [String] { state.withLock { $0.writes } }
    var directories: Set<String> { state.withLock { $0.directories } }
    var killed: [Int32] { state.withLock { $0.killed } }

    func set(_ path: String, _ text: String) { state.withLock { $0.texts[path] = text } }
    func refuse(_ path: String, with number: Int32) { state.withLock { $0.refusals[path] = number } }

    var files: CgroupFiles {
        CgroupFiles(
            read: { path throws(SyscallError) in try self.read(path) },
            write: { value, path throws(SyscallError) in try self.write(value, path) },
            makeDirectory: { path throws(SyscallError) in try self.makeDirectory(path) },
            removeDirectory: { path throws(SyscallError) in try self.removeDirectory(path) },
            subdirectories: { path throws(SyscallError) in try self.subdirectories(path) },
            kill: { pid in self.state.withLock { $0.killed.append(pid) } },
            pause: {})
    }

    private func read(_ path: String) throws(SyscallError) -> String {
        guard let text = state.withLock({ $0.texts[path] }) else {
            throw SyscallError("open", path: path, number: ENOENT)
        }
        return text
    }

    private func write(_ value: String, _ path: String) throws(SyscallError) {
        let refusal = state.withLock { state -> Int32? in
            if let number = state.refusals.removeValue(forKey: path) { return number }
            let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            guard state.directories.contains(directory) else { return ENOENT }
            state.writes.append("\(path)=\(value)")
            state.texts[path] = value
            return nil
        }
        if let refusal { throw SyscallError("write", path: path, number: refusal) }
    }

    private func makeDirectory(_ path: String) throws(SyscallError) {
        let refusal = state.withLock { state -> Int32? in
            let parent = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
            guard state.directories.contains(parent) else { return ENOENT }
            guard state.directories.insert(path).inserted else { return EEXIST }
            if let controllers = state.texts[parent + "/cgroup.controllers"] {
                state.texts[path + "/cgroup.controllers"] = controllers
            }
            state.texts[path + "/cgroup.subtree_control"] = ""
            return nil
        }
        if let refusal { throw SyscallError("mkdir", path: path, number: refusal) }
    }

    private func removeDirectory(_ path: String) throws(SyscallError) {
        let number = state.withLock { state -> Int32? in
            if let number = state.refusals.removeValue(forKey: path) { return number }
            if state.directories.contains(where: { $0.hasPrefix(path + "/") }) { return EBUSY }
            return state.directories.remove(path) == nil ? ENOENT : nil
        }
        if let number { throw SyscallError("rmdir", path: path, number: number) }
    }

    private func subdirectories(_ path: String) throws(SyscallError) -> [String] {
        let all = directories
        guard all.contains(path) else { throw SyscallError("opendir", path: path, number: ENOENT) }
        return all.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }
            .filter { !$0.contains("/") }.sorted()
    }
}
