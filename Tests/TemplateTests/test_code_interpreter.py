"""What a sandbox of the template `code-interpreter-v1` holds."""

import json
import re

import pytest

from nestbox_support.server import ROOT, templates

PACKAGES = "/usr/local/lib/python3.13/dist-packages"
SOURCE = ROOT / "Templates" / "code-interpreter-v1"
# By the names that code imports.
MODULES = (
    "IPython ipykernel numpy pandas matplotlib.pyplot scipy.stats sklearn.linear_model seaborn PIL.Image openpyxl "
    "requests bs4 lxml.etree tabulate sympy e2b_charts"
).split()
# What users' own tests import; the packages' own tests are left out.
TESTING = ["numpy.testing", "pandas.testing", "sklearn.utils.estimator_checks", "sympy.testing.pytest"]
TIMESTAMP = 1767225600


@pytest.fixture(scope="module")
def code(Sandbox):
    sandbox = Sandbox.create("code-interpreter", timeout=600)
    yield sandbox
    sandbox.kill()


def test_every_module_is_imported_and_nothing_is_compiled_or_sought_anew(code):
    imports = "import " + ", ".join(MODULES + TESTING)
    for user in ("root", "user"):
        code.commands.run(f"python3 -W error::UserWarning -c '{imports}'", user=user, timeout=100)
    changed = code.commands.run(
        f"find /usr /root/.cache /home/user/.cache -xdev -newermt @{TIMESTAMP} -not -type d", user="root")
    assert changed.stdout == ""


def test_the_versions_are_those_of_the_list(code):
    wanted = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", (SOURCE / "requirements.txt").read_text(), re.MULTILINE))
    listed = json.loads(code.commands.run(f"pip list --format=json --path {PACKAGES}").stdout)
    assert {re.sub("[-_.]+", "-", entry["name"]).lower(): entry["version"] for entry in listed} == wanted


def test_pip_finds_nothing_missing(code):
    assert "No broken requirements found" in code.commands.run("pip check").stdout


def test_a_user_may_take_a_package_away(Sandbox):
    with Sandbox.create("code-interpreter", timeout=300) as sandbox:
        sandbox.commands.run("pip uninstall --yes tabulate", user="user")
        assert sandbox.commands.run("python3 -c 'import tabulate' 2>&1 || true").stdout.endswith(
            "No module named 'tabulate'\n")


def test_a_chart_is_drawn_and_its_data_extracted(code):
    code.files.write("/tmp/chart.py", """
import matplotlib.pyplot as plt
from e2b_charts import chart_figure_to_dict
figure, axes = plt.subplots()
axes.bar(["a", "b"], [1, 2])
figure.savefig("/tmp/chart.png")
print(chart_figure_to_dict(figure)["type"].value, len(open("/tmp/chart.png", "rb").read()) > 1000)
""")
    assert code.commands.run("python3 /tmp/chart.py").stdout == "bar True\n"


def test_node_runs_javascript_and_transpiles_typescript(code):
    script = "const ts = require('/usr/share/nodejs/typescript'); console.log(ts.transpile('let a: number = 1'))"
    assert code.commands.run(f'node -e "{script}"').stdout.strip() == "var a = 1;"


def test_every_command_that_the_template_names_is_a_program(code):
    description = json.loads((templates() / "code-interpreter-v1" / "template.json").read_text())
    commands = [language["command"] for language in description["interpreter"]["languages"].values()]
    for program, *_ in [*commands, description["zygote"]["command"]]:
        code.commands.run(f"test -x {program}")


def test_the_landing_library_is_loaded(code):
    code.commands.run("""python3 -c 'import ctypes; ctypes.CDLL("/usr/lib/nestbox/libnestbox-land.so")'""")
