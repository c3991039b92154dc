"""IPython's shell, the engine of Jupyter, as this kernel uses it."""

import asyncio
import os
import shutil
import subprocess
import sys
import traceback
import types
import warnings
from contextlib import nullcontext

from IPython.core.application import ProfileDir
from IPython.core.autocall import ExitAutocall
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.paths import get_ipython_dir
from traitlets import Any, Instance, Type, default
from traitlets.config import Config

from . import pictures, plots
from .answers import Answers
from .display import ResultHook, ResultPublisher
from .forms import Forms
from .imports import WhenImported
from .questions import refuse_questions

PACKAGE = os.path.dirname(__file__)

CONFIGURATION = Config(
    {
        # No history: it would start a thread, which no fork survives, and write into the user's home.
        "HistoryManager": {"enabled": False, "hist_file": ":memory:"},
        "InteractiveShell": {"colors": "nocolor", "autoindent": False, "display_page": True},
        "PlainTextFormatter": {"max_seq_length": 0},
    }
)


class EndCell(ExitAutocall):
    """`exit` and `quit`: end the cell with SystemExit, as they end a script; the context lives on."""

    def __call__(self, *code):
        raise SystemExit(*code)


class KernelShell(InteractiveShell):
    """The shell of one context. What it has to show goes to `answers`."""

    answers = Instance(Answers)
    displayhook_class = Type(ResultHook)
    display_pub_class = Type(ResultPublisher)
    exiter = Instance(EndCell, args=())
    Completer = Any()
    was_interrupted = Any(default_value=lambda: False)

    @classmethod
    def made(cls, answers: Answers) -> "KernelShell":
        """The one shell of this process, ready for cells."""
        shell = cls.instance(config=CONFIGURATION, answers=answers)
        refuse_questions()
        WhenImported(pictures.ACTIONS | plots.ACTIONS)
        warnings.filterwarnings("ignore", message="To exit: use 'exit'")
        return shell

    async def cell(self, code: str, transformed: str, failure: tuple | None):
        """Runs one cell, with all that belongs to it. What goes wrong in it is told to `answers`, and not raised."""
        result = None
        try:
            result = await self.run_cell_async(
                code, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failure
            )
        finally:
            self.events.trigger("post_execute")
            self.events.trigger("post_run_cell", result)
        error = result.error_before_exec or result.error_in_exec
        if error is not None and not self.answers.has_failed:
            self.tell(error)

    def transformed(self, code: str) -> tuple[str, tuple | None]:
        """`code` with magics as Python; or as it is, and why it can not be transformed."""
        try:
            return self.transform_cell(code), None
        except Exception:
            return code, sys.exc_info()

    def tell(self, error: BaseException):
        """Tells of an exception that no other way of telling has taken."""
        try:
            lines = traceback.format_exception(error)
        except Exception:  # an exception's own attributes may fail
            lines = [safe_text(error)]
        self._showtraceback(type(error), error, lines)

    # What IPython asks its shell to do in its own way.

    def showtraceback(self, exc_tuple=None, *arguments, **options):
        kind, error, trace = exc_tuple or sys.exc_info()
        _leave_out_kernel(trace)
        if kind is not None and issubclass(kind, asyncio.CancelledError) and self.was_interrupted():
            exc_tuple = (KeyboardInterrupt, KeyboardInterrupt().with_traceback(trace), trace)
        if _holds_group(error):
            self._showtraceback(kind, error, traceback.format_exception(kind, error, trace))
        else:
            super().showtraceback(exc_tuple, *arguments, **options)

    def show_usage_error(self, exc):
        self._showtraceback(UsageError, exc, [f"UsageError: {exc}"])

    def _showtraceback(self, etype, evalue, stb):
        self.answers.error(etype.__name__, safe_text(evalue), self.InteractiveTB.stb2text(stb))

    def system(self, cmd):
        """Runs a command of `!` with the cell's own standard output, like a program in a script."""
        command = self.var_expand(cmd, depth=1)
        program = shutil.which("bash") or "/bin/sh"
        finished = subprocess.run([program, "-c", command], stdin=subprocess.DEVNULL)
        self.user_ns["_exit_code"] = finished.returncode

    system_piped = system_raw = system

    def enable_gui(self, gui=None):
        if gui not in (None, "inline", "agg"):
            raise UsageError(f"there is no screen for {gui}: use %matplotlib inline")

    def complete(self, text, line=None, cursor_pos=None):
        if self.Completer is None:
            super().init_completer()
        return super().complete(text, line, cursor_pos)

    def init_display_formatter(self):
        self.display_formatter = Forms(parent=self)
        self.configurables.append(self.display_formatter)

    def init_completer(self):
        """Nothing: nobody presses Tab. The first call of `complete` makes it."""

    def init_ipython_dir(self, ipython_dir):
        """Nothing: the directory is made when something asks for it."""

    def init_profile_dir(self, profile_dir):
        """Nothing: the directory is made when something asks for it."""

    @default("ipython_dir")
    def _default_ipython_dir(self):
        return get_ipython_dir()

    @default("profile_dir")
    def _default_profile_dir(self):
        return ProfileDir.create_profile_dir_by_name(self.ipython_dir, "default")

    def _tee(self, channel):
        """No copy of the output is kept: a cell may print more than fits into memory."""
        return nullcontext()

    def _format_exception_for_storage(self, exception, filename=None, running_compiled_code=False):
        """No second formatting of a traceback that has been shown."""
        return {"ename": type(exception).__name__, "evalue": safe_text(exception), "traceback": []}


def safe_text(value) -> str:
    """`str(value)`, or a word on why there is none."""
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} whose text fails with {type(error).__name__}>"


def _leave_out_kernel(trace: types.TracebackType | None):
    """Ends a traceback where the user's code ends: the rest is how the kernel raises an interrupt or a refusal."""
    last = trace
    while trace is not None:
        if os.path.dirname(trace.tb_frame.f_code.co_filename) != PACKAGE:
            last = trace
        trace = trace.tb_next
    if last is not None:
        last.tb_next = None


def _holds_group(error: BaseException | None) -> bool:
    """Whether an exception or one that led to it is a group, which IPython's own tracebacks can not show."""
    seen = set()
    while error is not None and id(error) not in seen:
        # By its type: what an object says of itself may fail.
        if issubclass(type(error), BaseExceptionGroup):
            return True
        seen.add(id(error))
        error = BaseException.__context__.__get__(error)
    return False
