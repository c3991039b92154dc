import LinuxSystem

/// A detached mount that can stand in a list; gone with its last holder, unless it was attached.
final class HeldMount {
    let mount: DetachedMount

    init(_ mount: consuming DetachedMount) {
        self.mount = mount
    }
}
