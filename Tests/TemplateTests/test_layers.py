"""A small template, built on `base` for these tests: what its layer does to what lies below it."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from nestbox_support.server import ROOT, as_root, nestbox_binary, templates

BUILD_SECONDS = 100
CUSTOMIZE = """\
#!/bin/sh
set -eu
rm "$1/etc/debian_version"
rm -r "$1/usr/share/git-core"
mkdir "$1/usr/share/git-core"
echo new > "$1/usr/share/git-core/new"
echo changed > "$1/etc/issue"
echo 'from os.path import join' > "$1/usr/local/lib/python3.13/dist-packages/probe.py"
cut --delimiter=: --fields=1 --only-delimited /proc/net/dev > "$1/etc/interfaces"
echo left > "$1/tmp/left"
echo left > "$1/run/left"
"""
# Prints every file below a directory that has an extended attribute, with its name.
LIST = """
import os, sys
for folder, folders, files in os.walk(sys.argv[1]):
    for path in [folder] + [os.path.join(folder, name) for name in files]:
        for attribute in os.listxattr(path, follow_symlinks=False):
            print(os.path.relpath(path, sys.argv[1]), attribute)
"""
FIELDS = {"user": "user", "environment": {}, "workdir": None}


class Workshop:
    """A folder of templates and a place for what is built of them, with `base` as it was built already."""

    def __init__(self):
        # Not below a directory of pytest's, which only its owner may enter: apt and the guests are others.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nestbox-"))
        self.directory.chmod(0o755)
        self.sources = self.directory / "sources"
        self.sources.mkdir()
        (self.sources / "base").symlink_to(ROOT / "Templates" / "base")

    def write(self, name, customize=None, **fields):
        folder = self.sources / name
        folder.mkdir()
        (folder / "template.json").write_text(json.dumps({"from": "base"} | FIELDS | fields))
        if customize:
            (folder / "customize").write_text(customize)
            (folder / "customize").chmod(0o755)

    def output(self, name):
        output = self.directory / name
        if not output.exists():
            (output / "layers").mkdir(parents=True)
            shutil.copytree(templates() / "base", output / "base")
            for layer in self.layers(output, "base"):
                (output / "layers" / f"{layer}.erofs").symlink_to(templates() / "layers" / f"{layer}.erofs")
        return output

    def build(self, template, into="output"):
        """Runs scripts/build-template."""
        script, output = ROOT / "scripts" / "build-template", self.output(into)
        return subprocess.run(
            [sys.executable, script, template, "--source", self.sources, "--output", output, "--downloads",
             self.directory / "downloads"],
            capture_output=True, text=True, timeout=BUILD_SECONDS)

    @staticmethod
    def layers(output, template):
        return json.loads((output / template / "template.json").read_text())["layers"]

    def run(self, template, *command):
        """What `command` prints in a sandbox."""
        program = nestbox_binary().with_name("nestbox-run")
        run = subprocess.run(
            as_root(program, "run", "--template", template, "--templates", self.output("output"), "--", *command),
            capture_output=True, text=True, timeout=BUILD_SECONDS)
        return run.stdout if run.returncode == 0 else f"exit {run.returncode}: {run.stderr}"


@pytest.fixture(scope="module")
def workshop():
    workshop = Workshop()
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop.directory)


@pytest.fixture(scope="module")
def probe(workshop):
    workshop.write("probe", CUSTOMIZE)
    built = workshop.build("probe")
    assert built.returncode == 0, built.stderr
    return workshop


def test_its_layers_are_those_of_its_base_and_one_of_its_own(probe):
    base, own = (probe.layers(probe.output("output"), name) for name in ("base", "probe"))
    assert own[:-1] == base and len(own) == len(base) + 1


def test_its_own_layer_holds_only_what_differs(probe):
    [*base, own] = probe.layers(probe.output("output"), "probe")
    sizes = [(probe.output("output") / "layers" / f"{layer}.erofs").stat().st_size for layer in (*base, own)]
    assert sizes[-1] < sizes[0] / 100


def test_a_removed_file_is_gone_in_a_sandbox(probe):
    assert "No such file" in probe.run("probe", "cat", "/etc/debian_version")


def test_a_replaced_folder_holds_only_what_is_new(probe):
    assert probe.run("probe", "ls", "-A", "/usr/share/git-core") == "new\n"


def test_a_changed_file_is_changed_and_its_neighbours_are_not(probe):
    assert probe.run("probe", "cat", "/etc/issue") == "changed\n"
    assert "trixie" in probe.run("probe", "cat", "/etc/os-release")


def test_of_the_overlay_it_came_from_it_bears_only_what_hides_lower_folders(probe):
    *_, own = probe.layers(probe.output("output"), "probe")
    image, place = probe.output("output") / "layers" / f"{own}.erofs", probe.directory / "mounted"
    place.mkdir()
    script = f"mount -t erofs -o ro {image} {place}; python3 -c '{LIST}' {place}"
    listed = subprocess.run(
        as_root("unshare", "--mount", "sh", "-euc", script), capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines() == ["usr/share/git-core user.overlay.opaque"]


def test_python_need_not_compile_it_again(probe):
    trace = probe.run("probe", "sh", "-c", "PYTHONVERBOSE=1 python3 -c 'import probe' 2>&1")
    assert "matches /usr/local/lib/python3.13/dist-packages/probe.py" in trace


def test_it_was_made_without_a_network(probe):
    assert probe.run("probe", "cat", "/etc/interfaces").split() == ["lo"]


def test_nothing_of_tmp_and_run_gets_into_it(probe):
    assert "left" not in probe.run("probe", "ls", "/tmp", "/run")


def test_the_same_inputs_give_the_same_digest(probe):
    assert probe.build("probe", into="again").returncode == 0
    assert probe.layers(probe.output("again"), "probe") == probe.layers(probe.output("output"), "probe")


def test_it_is_built_only_once(probe):
    assert "template probe: up to date" in probe.build("probe").stdout


def test_a_build_that_fails_says_what_failed_and_leaves_nothing(workshop):
    workshop.write("failing", "#!/bin/sh\necho enough >&2\nexit 7\n")
    built = workshop.build("failing")
    assert built.returncode != 0 and "enough" in built.stderr and "exit 7 of" in built.stderr
    assert "failing/customize" in built.stderr
    assert not (workshop.output("output") / "failing").exists()
    assert list(workshop.output("output").glob(".work-*")) == []


def test_a_command_that_is_not_in_the_finished_root_is_refused_by_its_field(workshop):
    languages = {"python": {"command": ["/usr/bin/python3"]}, "cobol": {"command": ["/usr/bin/cobol"]}}
    workshop.write("bold", interpreter={"default": "python", "boot": [], "languages": languages})
    built = workshop.build("bold")
    assert built.returncode != 0
    assert "interpreter.languages.cobol.command: /usr/bin/cobol is not a program" in built.stderr
