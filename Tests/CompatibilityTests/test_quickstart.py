"""What a user sees first, in each of the three ways a client can find the server."""

import subprocess
import sys

import pytest

from nestbox_support.server import ROOT


@pytest.mark.parametrize("client", ["plain", "tls", "proxy"])
def test_the_quickstart_prints_what_the_sandbox_computed(environment_for, client):
    run = subprocess.run(
        [sys.executable, ROOT / "examples" / "quickstart.py"],
        env=environment_for(client),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert "best region: north with 3,810.00" in run.stdout
    assert '"south": 2537.5' in run.stdout
    assert "/home/user/report/revenue.json" in run.stdout
    assert "killed: True" in run.stdout
