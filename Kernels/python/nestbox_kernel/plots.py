"""matplotlib in a kernel: figures that are open at the end of a cell are displayed and closed."""

import os

BACKEND = "module://matplotlib_inline.backend_inline"


def plot_inline(module):
    """For `matplotlib`: the backend is Jupyter's, unless the environment names one.

    Not by the variable MPLBACKEND, which child processes would inherit.
    """
    if "MPLBACKEND" not in os.environ:
        module.rcParams["backend"] = BACKEND


ACTIONS = {"matplotlib": plot_inline}
