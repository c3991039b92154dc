"""`input()` and `getpass()`: there is nobody to ask."""

import builtins
import getpass

from IPython.core.error import StdinNotImplementedError


def refuse_input(prompt="", /):
    """Raises StdinNotImplementedError: code in a sandbox has nobody to ask."""
    raise StdinNotImplementedError("input() has nobody to ask here: put the value into the code, or into a variable")


def refuse_password(prompt="Password: ", stream=None):
    """Raises StdinNotImplementedError: code in a sandbox has nobody to ask."""
    raise StdinNotImplementedError("getpass() has nobody to ask here: put the value into an environment variable")


def refuse_questions():
    builtins.input = refuse_input
    getpass.getpass = refuse_password
