"""What becomes of the kernel in a process that user code forks."""

import os

from .output import Output
from .runner import Runner
from .service import Service


def disown_children(output: Output, runner: Runner, service: Service):
    """From now on a forked child speaks through descriptors 1 and 2 alone, and holds nothing of the kernel."""
    parent = os.getpid()

    def become_child():
        if os.getppid() != parent:
            return  # a child of a child: there is nothing left to give up
        output.become_direct()
        runner.interrupts.release()
        for descriptor in (*service.own(), *runner.pipes.own()):
            _close(descriptor)

    os.register_at_fork(after_in_child=become_child)


def _close(descriptor: int):
    try:
        os.close(descriptor)
    except OSError:
        pass  # user code has closed it already
