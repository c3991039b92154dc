"""A kernel, from its settings to its end."""

import os
import sys

from .answers import Answers
from .children import disown_children
from .listener import listening
from .output import Output
from .runner import Runner
from .service import Service
from .settings import Settings, from_arguments
from .shell import KernelShell


def main():
    """The program `kernel`. What it can not do is told on stderr, as long as nothing listens yet."""
    settings = from_arguments()
    look_like_a_script()
    output = Output()
    answers = Answers(output)
    serve(settings, Runner(KernelShell.made(answers), output, answers), output)


def look_like_a_script():
    """Gives user code the module path and the arguments of a program typed in: the current directory comes first."""
    sys.path[0] = ""
    sys.argv = [""]


def serve(settings: Settings, runner: Runner, output: Output):
    """Runs cells until the process ends."""
    if os.getpgrp() != os.getpid():
        os.setsid()  # an interrupt strikes the whole group, which must be the kernel's own
    listener = listening(settings.socket)
    runner.open()
    service = Service(settings, listener, output, runner.pipes.readers)
    disown_children(output, runner, service)
    service.start(runner.hand_over)
    runner.run()
