"""What is read of a template's folder, and what is refused of it."""

import json

import pytest

from template_build import TemplateFault
from template_build.source import CHAIN_LIMIT, Source, chain, entries
from template_build.wheels import c_library, platform_tags, python_version


@pytest.fixture
def write(tmp_path):
    """Writes the template `name` with these fields; gives its folder."""

    def write(name, **fields):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "template.json").write_text(json.dumps(fields))
        return folder

    return write


def test_templates_are_built_from_the_lowest_up(write, tmp_path):
    write("top", **{"from": "middle"})
    write("middle", **{"from": "bottom"})
    write("bottom")
    assert [source.name for source in chain("top", tmp_path)] == ["bottom", "middle", "top"]


def test_a_template_built_on_itself_is_refused(write, tmp_path):
    write("one", **{"from": "two"})
    write("two", **{"from": "one"})
    with pytest.raises(TemplateFault, match="two/template.json: from: 'one' is built on itself"):
        chain("one", tmp_path)


def test_so_many_templates_on_each_other_and_no_more(write, tmp_path):
    for number in range(CHAIN_LIMIT + 1):
        write(f"t{number}", **({"from": f"t{number - 1}"} if number else {}))
    assert len(chain(f"t{CHAIN_LIMIT - 1}", tmp_path)) == CHAIN_LIMIT
    with pytest.raises(TemplateFault, match="over 8 templates deep"):
        chain(f"t{CHAIN_LIMIT}", tmp_path)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"from": "../base"}, "from: '../base' is not a template's name"),
        ({"from": 1}, "from: 1 is not a template's name"),
        ({"from": "nosuch"}, "nosuch/template.json"),
        ({"layers": []}, "layers: is what the build adds"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(write, tmp_path, fields, complaint):
    write("bad", **fields)
    with pytest.raises(TemplateFault, match=complaint):
        chain("bad", tmp_path)


def test_a_list_may_have_comments_and_empty_lines(tmp_path):
    (tmp_path / "packages.txt").write_text("# why\n\nnodejs  # the language\n  jq\n")
    assert entries(tmp_path / "packages.txt") == ["nodejs", "jq"]
    assert entries(tmp_path / "none.txt") == []


def test_the_commands_of_kernels_and_zygote_are_known_by_their_fields(write):
    folder = write(
        "code",
        interpreter={"languages": {"python": {"command": ["/k", "-u"]}, "bash": {"command": ["/b"]}}},
        zygote={"command": ["/z"]},
    )
    assert Source(folder).commands == [
        ("interpreter.languages.python.command", "/k"),
        ("interpreter.languages.bash.command", "/b"),
        ("zygote.command", "/z"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "packages.txt").write_text("jq\n"),
        lambda folder: (folder / "customize").chmod(0o755),
        lambda folder: (folder / "more").write_text(""),
    ],
)
def test_a_change_of_any_input_is_noticed(write, change):
    folder = write("one")
    (folder / "customize").write_text("#!/bin/sh\n")
    before = Source(folder).digest(["a" * 64])
    assert Source(folder).digest(["a" * 64]) == before
    assert Source(folder).digest(["b" * 64]) != before
    change(folder)
    assert Source(folder).digest(["a" * 64]) != before


def test_byte_code_of_python_is_no_input(write):
    folder = write("one")
    before = Source(folder).digest([])
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    assert Source(folder).digest([]) == before


def test_wheels_are_chosen_for_the_python_and_the_c_library_of_the_root(tmp_path):
    (tmp_path / "python3").symlink_to("python3.11")
    (tmp_path / "status").write_text(
        "Package: libc-bin\nVersion: 9.9\n\nPackage: libc6\nStatus: install ok installed\nVersion: 2.36-9+deb12u10\n"
    )
    assert python_version(tmp_path / "python3") == "3.11"
    assert c_library(tmp_path / "status") == 36
    tags = platform_tags(36, "x86_64")
    assert tags[0] == "manylinux_2_36_x86_64" and tags[-1] == "linux_x86_64"
    assert "manylinux2014_x86_64" in tags and "manylinux_2_37_x86_64" not in tags
    assert "manylinux2014_x86_64" not in platform_tags(12, "x86_64")


def test_a_root_without_python_takes_no_requirements(tmp_path):
    with pytest.raises(TemplateFault, match="there is no python3"):
        python_version(tmp_path / "python3")
