"""The examples of the code interpreter, unmodified, as a user runs them."""

import json
import re
import signal
import subprocess
import sys

from nestbox_support.server import ROOT

EXAMPLES = ROOT / "examples"


def run(environment, *command):
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=110, cwd=EXAMPLES
    )


def test_an_agents_analysis_runs_to_its_end(environment_for):
    done = run(environment_for("plain"), "code_interpreter.py")
    # On a busy machine the client's own threads sometimes abort Python at its exit, after everything was done.
    assert done.returncode in (0, -signal.SIGABRT), done.stderr
    assert re.search(r"^count +1000\.0+ +1000\.0+$", done.stdout, re.MULTILINE)
    assert "files: ['analysis.py', 'correlation.csv']" in done.stdout
    assert "x correlates with itself: 1.0" in done.stdout
    assert "killed: True" in done.stdout


def test_the_notebook_gives_what_it_has_stored(environment_for):
    done = run(environment_for("plain"), "run_notebook.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "30 of 30 cells as stored" in done.stdout


def test_a_cell_that_gives_something_else_is_seen(environment_for, tmp_path):
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [], "source": ["6 * 7"]}
    (tmp_path / "other.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 4}))
    done = run(environment_for("plain"), "run_notebook.py", tmp_path / "other.ipynb")
    assert done.returncode == 1
    assert "differs" in done.stdout and "42" in done.stdout
