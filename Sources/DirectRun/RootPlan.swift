import CLinux
import Glibc

/// The steps that make a root, in order. Strings live as long as the plan, which is as long as the process: a run is
/// one launch.
struct RootPlan {
    static let readOnly = NB_READ_ONLY | NB_NO_SETUID | NB_NO_DEVICES
    static let writable = NB_NO_SETUID | NB_NO_DEVICES

    private(set) var steps: [nb_step] = []

    mutating func directory(_ path: String, mode: UInt32 = 0o755) {
        add(NB_STEP_DIRECTORY, path, mode: mode)
    }

    mutating func file(_ path: String, _ text: String = "", mode: UInt32 = 0o644) {
        add(NB_STEP_FILE, path, source: text, mode: mode)
    }

    mutating func link(_ path: String, to target: String) {
        add(NB_STEP_LINK, path, source: target)
    }

    mutating func bindHost(_ source: String, at path: String, attributes: UInt32, ifPresent: Bool = false) {
        let flags = NB_STEP_RECURSIVE | (ifPresent ? NB_STEP_IF_PRESENT : 0)
        add(NB_STEP_BIND_HOST, path, source: source, flags: flags, attributes: attributes)
    }

    mutating func bindStage(_ source: String, at path: String, attributes: UInt32) {
        add(NB_STEP_BIND_STAGE, path, source: source, attributes: attributes)
    }

    mutating func attach(_ mount: Int32, at path: String) {
        add(NB_STEP_ATTACH, path, descriptor: mount)
    }

    mutating func mount(_ type: String, at path: String, options: String? = nil, attributes: UInt32) {
        add(NB_STEP_MOUNT, path, source: type, options: options, attributes: attributes)
    }

    mutating func enter(_ path: String) { add(NB_STEP_ENTER, path) }
    mutating func pivot() { add(NB_STEP_PIVOT, ".") }

    private mutating func add(
        _ kind: nb_step_kind, _ path: String, source: String? = nil, options: String? = nil, flags: UInt32 = 0,
        mode: UInt32 = 0, attributes: UInt32 = 0, descriptor: Int32 = -1
    ) {
        steps.append(
            nb_step(
                kind: kind, flags: flags, mode: mode, attributes: attributes, descriptor: descriptor,
                path: kept(path), source: source.flatMap(kept), options: options.flatMap(kept)))
    }
}

/// A C string that is never freed: the launch is the last thing a run allocates for.
func kept(_ text: String) -> UnsafePointer<CChar>? {
    UnsafePointer(strdup(text))
}

/// The same for an array.
func keptArray<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let copy = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
    copy.initialize(from: elements, count: elements.count)
    return copy
}
