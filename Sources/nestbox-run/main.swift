import DirectRun
import Glibc

// The `nestbox` that people call: small, static and quick to start. It runs `nestbox run` by itself and becomes the
// full program, which lies beside it, for everything else.

let arguments = CommandLine.arguments
if arguments.count > 1 && arguments[1] == "run" {
    exit(DirectRun.main(arguments: Array(arguments.dropFirst(2))))
}
FullProgram.become()
