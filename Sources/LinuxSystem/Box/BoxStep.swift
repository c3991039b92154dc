import CLinux

/// One step in the making of a box's root. Paths are relative to the *stage*, a small tmpfs of the box's own, and after
/// `enter` to the root. No step follows a symbolic link or climbs out, so a root may be made of a stranger's files.
public enum BoxStep: Sendable, Hashable {
    /// One that is there already stays as it is.
    case directory(String, mode: UInt32 = 0o755)
    /// In place of what has the name.
    case file(String, text: String, mode: UInt32 = 0o644)
    /// In place of what has the name.
    case link(String, to: String)
    /// A detached mount, by its descriptor.
    case attach(Int32, at: String)
    case mount(String, options: String? = nil, at: String, MountAttributes = [])
    /// Shows what is found at the one place at another, too.
    case bind(BindSource, at: String, MountAttributes = [], ifPresent: Bool = false)
    /// From here on paths are relative to this directory.
    case enter(String)
    /// Makes the directory entered the root of all, and forgets every other mount.
    case pivot

    public enum BindSource: Sendable, Hashable {
        /// Absolute; `withMounts` takes what is mounted below, too.
        case host(String, withMounts: Bool = false)
        case stage(String)
        /// Of the root entered.
        case root(String)
    }
}

extension BoxStep {
    /// The step in C, with its texts in `texts`, which must outlive it.
    func cValue(_ texts: CTexts) -> nb_step {
        var step = nb_step()
        step.descriptor = -1
        switch self {
        case .directory(let path, let mode):
            (step.kind, step.path, step.mode) = (NB_STEP_DIRECTORY, texts[path], mode)
        case .file(let path, let text, let mode):
            (step.kind, step.path, step.source, step.mode) = (NB_STEP_FILE, texts[path], texts[text], mode)
        case .link(let path, let target):
            (step.kind, step.path, step.source) = (NB_STEP_LINK, texts[path], texts[target])
        case .attach(let descriptor, let path):
            (step.kind, step.path, step.descriptor) = (NB_STEP_ATTACH, texts[path], descriptor)
        case .mount(let type, let options, let path, let attributes):
            (step.kind, step.path, step.source) = (NB_STEP_MOUNT, texts[path], texts[type])
            (step.options, step.attributes) = (options.map { texts[$0] }, attributes.rawValue)
        case .bind(let source, let path, let attributes, let ifPresent):
            (step.kind, step.source) = source.cValue(texts)
            (step.path, step.attributes) = (texts[path], attributes.rawValue)
            step.flags = (ifPresent ? NB_STEP_IF_PRESENT : 0) | (source.takesMounts ? NB_STEP_RECURSIVE : 0)
        case .enter(let path):
            (step.kind, step.path) = (NB_STEP_ENTER, texts[path])
        case .pivot:
            step.kind = NB_STEP_PIVOT
        }
        return step
    }
}

extension BoxStep.BindSource {
    fileprivate func cValue(_ texts: CTexts) -> (nb_step_kind, UnsafePointer<CChar>) {
        switch self {
        case .host(let path, _): (NB_STEP_BIND_HOST, texts[path])
        case .stage(let path): (NB_STEP_BIND_STAGE, texts[path])
        case .root(let path): (NB_STEP_BIND_SELF, texts[path])
        }
    }

    fileprivate var takesMounts: Bool {
        if case .host(_, let withMounts) = self { withMounts } else { false }
    }
}
