"""What a person types: keys, sandboxes, `nestbox run`."""

import json
import os
import re
import stat
import subprocess

import pytest

from nestbox_support.server import as_root, nestbox_binary
from nestbox_support.waiting import eventually


def run(*arguments, **options):
    """`nestbox run ARGUMENTS`, as bytes."""
    return subprocess.run(as_root(nestbox_binary(), "run", *arguments), capture_output=True, timeout=60, **options)


class TestKeys:
    def test_the_first_start_made_one_that_only_its_owner_reads(self, server):
        path = server.data / "api-key"
        seen = subprocess.run(
            as_root("stat", "-c", "%a", path), capture_output=True, text=True, check=True
        ).stdout.strip()
        key = subprocess.run(as_root("cat", path), capture_output=True, text=True, check=True).stdout.strip()
        assert seen == "600"
        assert re.fullmatch(r"e2b_[0-9a-f]{32,}", key)

    def test_it_is_nowhere_else_in_the_data(self, server):
        key = subprocess.run(as_root("cat", server.data / "api-key"), capture_output=True, text=True).stdout.strip()
        found = subprocess.run(as_root("grep", "-rlF", key, server.data), capture_output=True, text=True).stdout.split()
        assert found == [str(server.data / "api-key")]
        assert key not in server.log

    def test_a_key_may_be_made_used_and_revoked(self, server, api):
        made = server.command("key", "create", "--data", server.data, "--json", "second")
        key = json.loads(made.stdout)
        assert api.get("/sandboxes", headers={"X-API-KEY": key["key"]}).status_code == 200
        listed = json.loads(server.command("key", "list", "--data", server.data, "--json").stdout)
        assert key["id"] in [one["id"] for one in listed]
        assert key["key"] not in json.dumps(listed)
        server.command("key", "revoke", "--data", server.data, key["id"])
        # The running server is not told; it asks again every two seconds.
        is_refused = lambda: api.get("/sandboxes", headers={"X-API-KEY": key["key"]}).status_code == 401
        eventually(is_refused, "the key to be refused", 5)


class TestSandboxes:
    @pytest.fixture
    def nestbox(self, environment_for):
        def command(*arguments, **options):
            return subprocess.run(
                [nestbox_binary(), "sandbox", *arguments],
                env=environment_for("plain"),
                capture_output=True,
                text=True,
                timeout=60,
                **options,
            )

        return command

    def test_they_are_listed_for_machines_and_for_people(self, nestbox, box):
        assert box.sandbox_id in [one["sandboxID"] for one in json.loads(nestbox("list", "--json").stdout)]
        assert box.sandbox_id in nestbox("list").stdout

    def test_one_is_made_used_and_killed(self, nestbox):
        sandbox_id = json.loads(nestbox("create", "--json").stdout)["sandboxID"]
        ran = nestbox("exec", sandbox_id, "--", "sh", "-c", "echo out; echo err >&2; exit 7")
        assert (ran.stdout, ran.stderr, ran.returncode) == ("out\n", "err\n", 7)
        assert json.loads(nestbox("info", sandbox_id, "--json").stdout)["state"] == "running"
        assert nestbox("kill", sandbox_id).returncode == 0
        assert sandbox_id not in nestbox("list").stdout

    def test_an_unknown_one_is_an_error_in_words(self, nestbox):
        ran = nestbox("info", "i0123456789abcdefghi")
        assert ran.returncode != 0
        assert "i0123456789abcdefghi" in ran.stderr


class TestRun:
    def test_output_and_exit_code_are_the_commands(self):
        ran = run("--", "sh", "-c", "echo out; echo err >&2; exit 3")
        assert (ran.stdout, ran.stderr, ran.returncode) == (b"out\n", b"err\n", 3)

    def test_input_is_streamed(self):
        data = os.urandom(1_000_000)
        assert run("--", "cat", input=data).stdout == data

    def test_a_command_that_is_not_there_ends_with_127(self):
        ran = run("--", "no-such-command")
        assert ran.returncode == 127
        assert b"no-such-command" in ran.stderr

    def test_too_long_ends_with_124(self):
        assert run("--timeout", "300ms", "--", "sleep", "100").returncode == 124

    def test_too_much_memory_ends_with_137_and_a_sentence(self):
        ran = run("--memory", "64MiB", "--", "python3", "-c", "x = bytearray(300 << 20); print(len(x))")
        assert ran.returncode == 137
        assert b"memory" in ran.stderr

    def test_too_many_processes_are_refused(self):
        ran = run("--pids", "16", "--", "sh", "-c", "for i in $(seq 50); do sleep 5 & done; true")
        assert b"ork" in ran.stderr

    def test_the_host_is_seen_to_be_read_only_and_small(self):
        ran = run(
            "--",
            "sh",
            "-c",
            "touch /usr/x 2>&1; ls /home /root 2>&1; cat /etc/shadow 2>&1; ps -e 2>/dev/null | wc -l; true",
        )
        assert b"Read-only file system" in ran.stdout or b"denied" in ran.stdout
        assert not os.path.exists("/usr/x")

    def test_a_path_may_be_shown_and_another_opened(self, tmp_path):
        (tmp_path / "in").mkdir()
        (tmp_path / "out").mkdir(mode=0o777)
        (tmp_path / "in" / "f").write_text("shown")
        for directory in (tmp_path, *tmp_path.parents[:2]):
            directory.chmod(directory.stat().st_mode | stat.S_IXOTH)
        (tmp_path / "out").chmod(0o777)
        ran = run(
            "--read-only",
            tmp_path / "in",
            "--write",
            tmp_path / "out",
            "--",
            "sh",
            "-c",
            f"cat {tmp_path}/in/f > {tmp_path}/out/g; echo x > {tmp_path}/in/f",
        )
        assert ran.returncode != 0
        assert (tmp_path / "out" / "g").read_text() == "shown"
        assert (tmp_path / "in" / "f").read_text() == "shown"

    def test_environment_is_what_was_given_and_not_the_callers(self):
        ran = run("--env", "GIVEN=yes", "--", "env", env=os.environ | {"SECRET_OF_CALLER": "no"})
        assert b"GIVEN=yes" in ran.stdout
        assert b"SECRET_OF_CALLER" not in ran.stdout

    def test_there_is_no_network_but_loopback(self):
        ran = run("--", "sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1")  # to ask by netlink is forbidden
        assert ran.stdout.split() == [b"lo"]

    @pytest.mark.parametrize(
        "option,value",
        [
            ("--memory", "-5"),
            ("--memory", "much"),
            ("--cpus", "0"),
            ("--pids", "-1"),
            ("--timeout", "never"),
            ("--net", "wide-open"),
            ("--read-only", "/no/such"),
            ("--env", "no-equals-sign"),
            ("--template", "nosuch"),
        ],
    )
    def test_a_bad_option_is_named_in_the_refusal(self, option, value):
        ran = run(option, value, "--", "true")
        assert ran.returncode not in (0, 124, 137)
        assert option.lstrip("-").encode() in ran.stderr or value.encode() in ran.stderr


def test_doctor_speaks_of_every_level():
    said = subprocess.run(as_root(nestbox_binary(), "doctor"), capture_output=True, text=True, timeout=60).stdout
    for level in ("process", "microvm"):
        assert level in said.lower()
