/// What `nestbox run --help` prints.
public enum RunUsage {
    public static let text = """
        usage: nestbox run [options] -- command [argument ...]

        Runs one command in a sandbox of its own: no network, no host files but /usr (read-only), no privileges.
        The exit code is the command's; 124 if the time was up, 128 + N if signal N ended it (137 when it was out of
        memory, and stderr says so), 125 if the sandbox could not be made, 126 if the command cannot be executed, 127
        if there is none.

          --memory SIZE       at most this much memory, swap off (default 512MiB)
          --cpus N            at most this many cores (default 1)
          --pids N            at most this many processes and threads (default 64)
          --timeout TIME      kill all after this time, as 500ms, 30s, 2m (default none)
          --read-only PATH    show this file or directory of the host, read-only; may be repeated
          --write PATH        show it and let the command write to it; may be repeated
          --env NAME=VALUE    set a variable; nothing else of the environment goes in; may be repeated
          --workdir DIR       start there (default /work, private and empty)
          --net isolated      loopback only; the default, and all there is
          --template NAME     use a template's root in place of the host's /usr
          --templates DIR     where templates are (default build/templates)
        """
}
