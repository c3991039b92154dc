"""Kernels to ask: one that the tests of a module share, and fresh ones for those that break theirs."""

import pytest

from nestbox_support import python_kernel


@pytest.fixture(scope="session", autouse=True)
def kernel_python():
    """The tests need an interpreter that has what the template's has."""
    missing = python_kernel.lacks("IPython", "numpy", "pandas", "matplotlib", "PIL", "e2b_charts")
    if missing:
        pytest.skip(f"the kernels' Python has no {', '.join(missing)}; NESTBOX_KERNEL_PYTHON names another")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    with python_kernel.cold_kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def fresh_kernel(tmp_path):
    with python_kernel.cold_kernel(tmp_path) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    with python_kernel.warm_zygote(tmp_path_factory.mktemp("zygote")) as zygote:
        yield zygote
