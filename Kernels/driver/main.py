"""The command line of a kernel: `kernel --socket PATH --context ID --language L`."""

import os
import sys

OPTIONS = ("--socket", "--context", "--language")


def arguments(words):
    """The three options' values. Exits with a line on stderr if one is missing or another is there."""
    values = dict(zip(words[::2], words[1::2]))
    if len(words) != 2 * len(OPTIONS) or set(values) != set(OPTIONS):
        sys.exit(f"kernel: wants {', '.join(OPTIONS)} with a value each, got {' '.join(words) or 'nothing'}")
    return {name[2:]: value for name, value in values.items()}


def run(make_runner):
    """Becomes the kernel; `make_runner(language)` gives what makes its runner. Never returns."""
    from .kernel import Kernel

    options = arguments(sys.argv[1:])
    try:
        os.setsid()
    except PermissionError:
        pass  # leads its group already, as whoever started it wanted
    identity = {"context": options["context"], "language": options["language"]}
    try:
        kernel = Kernel(os.path.abspath(options["socket"]), identity, make_runner(options["language"]))
    except OSError as error:
        sys.exit(f"kernel: {error}")
    kernel.run()
