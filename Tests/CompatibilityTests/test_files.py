"""Files by the official clients, both of them."""

import hashlib
import io
import os

import e2b
import pytest
from e2b import FileType

ODD_NAMES = [
    "with space",
    "ünïcödé-世界-🎉",
    "quote'\"",
    "percent%20%2F",
    "-leading-dash",
    "semi;colon&and",
    "plus+plus",
    "new\nline",
    "back\\slash",
    "#hash?query",
    ".hidden",
    "x" * 255,
]


class TestWriteAndRead:
    @pytest.mark.parametrize(
        "text", ["", "hello", "Grüße 世界 🎉\n", "a\0b", "\r\n\r\n--boundary\r\n", "x" * 3_000_000]
    )
    @pytest.mark.parametrize("octets", [False, True])
    def test_text_comes_back_as_it_was(self, sandbox, directory, text, octets):
        sandbox.files.write(f"{directory}/f", text, use_octet_stream=octets)
        assert sandbox.files.read(f"{directory}/f") == text

    @pytest.mark.parametrize("octets", [False, True])
    def test_bytes_come_back_as_they_were(self, sandbox, directory, octets):
        data = bytes(range(256)) * 4096
        sandbox.files.write(f"{directory}/f", data, use_octet_stream=octets)
        assert bytes(sandbox.files.read(f"{directory}/f", format="bytes")) == data

    def test_an_open_file_is_streamed(self, sandbox, directory):
        data = os.urandom(5_000_000)
        sandbox.files.write(f"{directory}/f", io.BytesIO(data))
        assert bytes(sandbox.files.read(f"{directory}/f", format="bytes")) == data

    def test_a_hundred_megabytes_pass_unharmed(self, sandbox, directory):
        block = os.urandom(1 << 20)
        data = block * 100
        written = sandbox.files.write(f"{directory}/big", io.BytesIO(data))
        assert written.path == f"{directory}/big"
        digest = sandbox.commands.run(f"sha256sum {directory}/big").stdout.split()[0]
        assert digest == hashlib.sha256(data).hexdigest()
        back = hashlib.sha256()
        for chunk in sandbox.files.read(f"{directory}/big", format="stream"):
            back.update(chunk)
        assert back.hexdigest() == digest

    def test_a_reader_may_stop_early(self, sandbox, directory):
        sandbox.commands.run(f"head -c 50000000 /dev/zero > {directory}/big")
        for _ in range(5):
            with sandbox.files.read(f"{directory}/big", format="stream") as stream:
                assert next(iter(stream))
        assert sandbox.files.read(f"{directory}/big", format="bytes")[:1] == b"\0"

    def test_the_answer_describes_what_was_written(self, sandbox, directory):
        written = sandbox.files.write(f"{directory}/deep/er/f", "x")
        assert (written.name, written.path, written.type) == ("f", f"{directory}/deep/er/f", FileType.FILE)

    def test_directories_on_the_way_are_made_and_belong_to_the_user(self, sandbox, directory):
        sandbox.files.write(f"{directory}/a/b/c/f", "x")
        assert (
            sandbox.commands.run("stat -c %U:%G a a/b a/b/c a/b/c/f", cwd=directory).stdout.split() == ["user:user"] * 4
        )

    def test_writing_again_replaces_the_whole(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "a long first text")
        sandbox.files.write(f"{directory}/f", "short")
        assert sandbox.files.read(f"{directory}/f") == "short"

    def test_a_new_file_has_the_usual_mode(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "x")
        assert sandbox.files.get_info(f"{directory}/f").mode == 0o644

    def test_the_mode_of_an_old_file_stays(self, sandbox, directory):
        sandbox.commands.run(f"echo x > {directory}/f; chmod 750 {directory}/f")
        sandbox.files.write(f"{directory}/f", "y")
        assert sandbox.files.get_info(f"{directory}/f").mode == 0o750

    def test_several_files_are_written_at_once(self, sandbox, directory):
        files = [{"path": f"{directory}/many/{i}/f", "data": f"content {i}"} for i in range(20)]
        assert [written.path for written in sandbox.files.write_files(files)] == [file["path"] for file in files]
        for file in files:
            assert sandbox.files.read(file["path"]) == file["data"]

    def test_none_at_all_is_nothing(self, sandbox):
        assert sandbox.files.write_files([]) == []

    @pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
    def test_a_name_may_be_odd(self, sandbox, directory, name):
        sandbox.files.write(f"{directory}/{name}", "odd", use_octet_stream=True)
        assert sandbox.files.read(f"{directory}/{name}") == "odd"
        assert [entry.name for entry in sandbox.files.list(directory)] == [name]
        sandbox.files.remove(f"{directory}/{name}")
        assert not sandbox.files.exists(f"{directory}/{name}")

    def test_a_missing_file_is_not_found(self, sandbox, directory):
        with pytest.raises(e2b.FileNotFoundException):
            sandbox.files.read(f"{directory}/nothing")

    @pytest.mark.parametrize("path", ["/tmp", "/proc", "/"])
    def test_a_directory_can_not_be_read(self, sandbox, path):
        with pytest.raises(e2b.InvalidArgumentException):
            sandbox.files.read(path)

    def test_a_directory_can_not_be_written(self, sandbox, directory):
        with pytest.raises(e2b.InvalidArgumentException):
            sandbox.files.write(directory, "x")

    def test_a_file_is_no_directory_on_the_way(self, sandbox, directory):
        sandbox.files.write(f"{directory}/file", "x")
        with pytest.raises(e2b.SandboxException):
            sandbox.files.write(f"{directory}/file/below", "x")

    def test_what_commands_write_is_read_and_the_reverse(self, sandbox, directory):
        sandbox.commands.run("echo from a command > f", cwd=directory)
        assert sandbox.files.read(f"{directory}/f") == "from a command\n"
        sandbox.files.write(f"{directory}/g", "from a client")
        assert sandbox.commands.run("cat g", cwd=directory).stdout == "from a client"


class TestUsersAndPaths:
    @pytest.mark.parametrize("path", ["here.txt", "./here.txt", "~/here.txt", "/home/user/here.txt", "sub/../here.txt"])
    def test_a_path_begins_at_home_unless_it_is_absolute(self, sandbox, path):
        sandbox.files.write(path, path)
        assert sandbox.files.read("/home/user/here.txt") == path
        assert sandbox.files.get_info(path).path == "/home/user/here.txt"
        sandbox.files.remove(path)

    def test_home_is_the_named_users(self, sandbox):
        sandbox.files.write("of-root", "x", user="root")
        assert sandbox.files.get_info("/root/of-root", user="root").owner == "root"
        sandbox.files.remove("of-root", user="root")

    def test_what_only_root_may_read_can_be_read(self, sandbox):
        assert "root:" in sandbox.files.read("/etc/shadow")

    def test_what_is_made_anywhere_is_the_named_users(self, sandbox):
        sandbox.files.write("/etc/made/mine", "x")
        sandbox.files.write("/etc/made/roots", "x", user="root")
        owners = {entry.name: (entry.owner, entry.group) for entry in sandbox.files.list("/etc/made")}
        assert owners == {"mine": ("user", "user"), "roots": ("root", "root")}
        assert sandbox.files.get_info("/etc/made").owner == "user"
        sandbox.files.remove("/etc/made")

    def test_what_is_there_keeps_its_owner(self, sandbox):
        sandbox.files.write("/etc/roots", "old", user="root")
        sandbox.files.write("/etc/roots", "new")
        info = sandbox.files.get_info("/etc/roots")
        assert (info.owner, sandbox.files.read("/etc/roots")) == ("root", "new")
        sandbox.files.remove("/etc/roots")

    @pytest.mark.parametrize("call", ["read", "list", "get_info", "make_dir", "remove"])
    def test_an_unknown_user_is_refused(self, sandbox, call):
        with pytest.raises(e2b.AuthenticationException):
            getattr(sandbox.files, call)("/tmp", user="nobody-here")


class TestDescribe:
    def test_a_file_is_described(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "12345")
        entry = sandbox.files.get_info(f"{directory}/f")
        assert (entry.name, entry.path, entry.type, entry.size) == ("f", f"{directory}/f", FileType.FILE, 5)
        assert (entry.mode, entry.permissions, entry.owner, entry.group) == (0o644, "-rw-r--r--", "user", "user")
        assert entry.symlink_target is None
        assert entry.modified_time.year >= 2025

    def test_a_directory_is_described(self, sandbox, directory):
        sandbox.files.make_dir(f"{directory}/d")
        entry = sandbox.files.get_info(f"{directory}/d")
        assert (entry.type, entry.mode, entry.permissions) == (FileType.DIR, 0o755, "drwxr-xr-x")

    def test_a_link_is_described_with_where_it_leads(self, sandbox, directory):
        sandbox.commands.run("echo 12345 > f; ln -s f near; ln -s near far; ln -s nowhere broken", cwd=directory)
        entry = sandbox.files.get_info(f"{directory}/far")
        assert entry.symlink_target == f"{directory}/f"
        assert (entry.mode, entry.permissions) == (0o644, "Lrwxrwxrwx")
        assert entry.type in (FileType.SYMLINK, FileType.FILE)
        assert sandbox.files.get_info(f"{directory}/broken").name == "broken"

    @pytest.mark.parametrize("mode,shown", [("4755", "urwxr-xr-x"), ("000", "----------"), ("777", "-rwxrwxrwx")])
    def test_permissions_are_written_out(self, sandbox, directory, mode, shown):
        sandbox.commands.run(f"touch f; chmod {mode} f", cwd=directory)
        assert sandbox.files.get_info(f"{directory}/f").permissions == shown

    def test_what_exists_exists(self, sandbox, directory):
        assert sandbox.files.exists(directory)
        assert not sandbox.files.exists(f"{directory}/nothing")

    def test_a_missing_one_is_not_found(self, sandbox, directory):
        with pytest.raises(e2b.FileNotFoundException):
            sandbox.files.get_info(f"{directory}/nothing")


class TestList:
    @pytest.fixture
    def tree(self, sandbox, directory):
        sandbox.commands.run("mkdir -p b/c/d a; touch b/f b/c/g z a/1 b/c/d/h; ln -s b link", cwd=directory)
        return directory

    @pytest.mark.parametrize(
        "depth,names",
        [
            (1, ["a", "b", "link", "z"]),
            (2, ["a", "a/1", "b", "b/c", "b/f", "link", "z"]),
            (3, ["a", "a/1", "b", "b/c", "b/c/d", "b/c/g", "b/f", "link", "z"]),
            (9, ["a", "a/1", "b", "b/c", "b/c/d", "b/c/d/h", "b/c/g", "b/f", "link", "z"]),
        ],
    )
    def test_depth_and_order_are_those_of_a_walk(self, sandbox, tree, depth, names):
        assert [entry.path.removeprefix(f"{tree}/") for entry in sandbox.files.list(tree, depth=depth)] == names

    def test_one_level_is_the_default(self, sandbox, tree):
        assert [(entry.name, entry.type.value) for entry in sandbox.files.list(tree)][:2] == [
            ("a", "dir"),
            ("b", "dir"),
        ]

    def test_an_empty_directory_is_an_empty_list(self, sandbox, directory):
        assert sandbox.files.list(directory) == []

    def test_a_missing_one_is_not_found(self, sandbox, directory):
        with pytest.raises(e2b.FileNotFoundException):
            sandbox.files.list(f"{directory}/nothing")

    def test_a_file_is_no_directory(self, sandbox, tree):
        with pytest.raises(e2b.InvalidArgumentException):
            sandbox.files.list(f"{tree}/z")

    def test_five_thousand_entries_are_all_listed(self, sandbox, directory):
        sandbox.commands.run("seq -f 'f%05g' 5000 | xargs touch", cwd=directory)
        assert [entry.name for entry in sandbox.files.list(directory)] == [f"f{i:05}" for i in range(1, 5001)]


class TestChange:
    def test_make_dir_answers_true_then_false(self, sandbox, directory):
        assert sandbox.files.make_dir(f"{directory}/a/b/c") is True
        assert sandbox.files.make_dir(f"{directory}/a/b/c") is False
        assert sandbox.commands.run("stat -c %U a a/b a/b/c", cwd=directory).stdout.split() == ["user"] * 3

    def test_make_dir_over_a_file_is_refused(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "x")
        with pytest.raises(e2b.InvalidArgumentException):
            sandbox.files.make_dir(f"{directory}/f")

    def test_rename_moves_and_describes(self, sandbox, directory):
        sandbox.files.write(f"{directory}/old", "x")
        entry = sandbox.files.rename(f"{directory}/old", f"{directory}/made/new")
        assert (entry.name, entry.path) == ("new", f"{directory}/made/new")
        assert not sandbox.files.exists(f"{directory}/old")
        assert sandbox.files.read(f"{directory}/made/new") == "x"

    def test_rename_of_a_missing_one_is_not_found(self, sandbox, directory):
        with pytest.raises(e2b.FileNotFoundException):
            sandbox.files.rename(f"{directory}/nothing", f"{directory}/new")

    def test_remove_takes_trees_and_forgives_what_is_missing(self, sandbox, directory):
        sandbox.commands.run("mkdir -p a/b/c; touch a/b/f; ln -s /etc a/link", cwd=directory)
        sandbox.files.remove(f"{directory}/a")
        assert not sandbox.files.exists(f"{directory}/a")
        assert sandbox.files.exists("/etc/passwd")
        sandbox.files.remove(f"{directory}/a")

    def test_remove_takes_the_link_and_not_its_target(self, sandbox, directory):
        sandbox.commands.run("mkdir kept; touch kept/f; ln -s kept link", cwd=directory)
        sandbox.files.remove(f"{directory}/link")
        assert sandbox.files.exists(f"{directory}/kept/f")


class TestCompression:
    @pytest.mark.parametrize("text", ["", "short", "again and again " * 200_000])
    def test_gzip_works_both_ways(self, sandbox, directory, text):
        sandbox.files.write(f"{directory}/f", text, gzip=True)
        assert sandbox.files.read(f"{directory}/f") == text
        assert sandbox.files.read(f"{directory}/f", gzip=True) == text
        assert sandbox.files.get_info(f"{directory}/f").size == len(text)


class TestMetadata:
    def test_it_stays_with_the_file(self, sandbox, directory):
        written = sandbox.files.write(f"{directory}/f", "x", metadata={"Author": "ada", "empty": ""})
        assert written.metadata["author"] == "ada"
        assert sandbox.files.get_info(f"{directory}/f").metadata["author"] == "ada"
        assert sandbox.files.list(directory)[0].metadata["author"] == "ada"
        assert sandbox.files.rename(f"{directory}/f", f"{directory}/g").metadata["author"] == "ada"

    def test_a_new_write_replaces_it(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "x", metadata={"a": "1", "b": "2"})
        sandbox.files.write(f"{directory}/f", "y", metadata={"c": "3"})
        assert sandbox.files.get_info(f"{directory}/f").metadata == {"c": "3"}
        sandbox.files.write(f"{directory}/f", "z")
        assert not sandbox.files.get_info(f"{directory}/f").metadata

    def test_it_is_an_extended_attribute(self, sandbox, directory):
        sandbox.files.write(f"{directory}/f", "x", metadata={"k": "v"})
        shown = sandbox.commands.run("python3 -c \"import os; print(os.getxattr('f', 'user.e2b.k'))\"", cwd=directory)
        assert shown.stdout == "b'v'\n"
        sandbox.commands.run("python3 -c \"import os; os.setxattr('f', 'user.e2b.inside', b'w')\"", cwd=directory)
        assert sandbox.files.get_info(f"{directory}/f").metadata == {"k": "v", "inside": "w"}

    @pytest.mark.parametrize("options", [{"use_octet_stream": True}, {"gzip": True}, {}])
    def test_it_comes_with_every_way_to_write(self, sandbox, directory, options):
        sandbox.files.write(f"{directory}/f", "x", metadata={"k": "v"}, **options)
        assert sandbox.files.get_info(f"{directory}/f").metadata == {"k": "v"}


class TestSpace:
    def test_a_full_disk_is_said_so_and_the_sandbox_lives(self, new_sandbox):
        sandbox = new_sandbox()
        sandbox.commands.run("fallocate -l 3700M /home/user/most")  # at once, what writing would take seconds for
        with pytest.raises(e2b.CommandExitException) as failure:
            sandbox.commands.run("head -c 6G /dev/zero > /home/user/full", timeout=90)
        assert "No space left" in failure.value.stderr
        with pytest.raises(e2b.NotEnoughSpaceException):
            sandbox.files.write("/home/user/more", b"x" * 2_000_000)
        assert sandbox.commands.run("rm /home/user/full; echo room").stdout == "room\n"
        sandbox.files.write("/home/user/more", "x")
