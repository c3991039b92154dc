import ArgumentParser
import Glibc

/// `--data DIR`, as every command that looks into an installation has it.
struct DataOption: ParsableArguments {
    @Option(help: "The server's data directory (default: $NESTBOX_DATA, else /var/lib/nestbox).") var data: String?

    var path: String {
        let given = data ?? getenv("NESTBOX_DATA").map { String(cString: $0) } ?? Settings().data
        return AbsolutePath(given)?.text ?? given
    }
}
