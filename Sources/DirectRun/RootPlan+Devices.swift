import CLinux
import LinuxSystem

extension RootPlan {
    /// The harmless devices of the host in `dev`, which is there, and terminals of the box's own.
    mutating func addDevices() {
        for name in ["null", "zero", "full", "random", "urandom", "tty"] {
            file("dev/" + name)
            bindHost("/dev/" + name, at: "dev/" + name, attributes: NB_NO_SETUID | NB_NO_EXEC)
        }
        let terminals = "ptmxmode=0666,mode=0620,max=\(BoxFileSystems.terminalLimit)"
        mount("devpts", at: "dev/pts", options: terminals, attributes: NB_NO_SETUID | NB_NO_EXEC)
        link("dev/ptmx", to: "pts/ptmx")
        link("dev/fd", to: "/proc/self/fd")
        link("dev/stdin", to: "/proc/self/fd/0")
        link("dev/stdout", to: "/proc/self/fd/1")
        link("dev/stderr", to: "/proc/self/fd/2")
    }
}
