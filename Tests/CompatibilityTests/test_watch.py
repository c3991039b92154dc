"""Watching directories: polled by the synchronous client, streamed to the asynchronous one."""

import asyncio

import e2b
import pytest
from e2b import FilesystemEventType as Event

from nestbox_support.waiting import eventually


class Polled:
    def __init__(self, box, path, **options):
        self.handle, self.seen = box.files.watch_dir(path, **options), []

    def wait_for(self, event, name):
        def found():
            self.seen += self.handle.get_new_events()
            return next((one for one in self.seen if (one.type, one.name) == (event, name)), None)

        return eventually(found, f"{event} of {name} in {self.seen}", 10)


@pytest.fixture
def watch(box):
    watchers = []

    def start(path, **options):
        watchers.append(Polled(box, path, **options))
        return watchers[-1]

    yield start
    for watcher in watchers:
        watcher.handle.stop()


CHANGES = [
    (Event.CREATE, "new", "touch new"),
    (Event.WRITE, "old", "echo more >> old"),
    (Event.REMOVE, "old", "rm old"),
    (Event.RENAME, "old", "mv old other"),
    (Event.CREATE, "other", "mv old other"),
    (Event.CHMOD, "old", "chmod 600 old"),
    (Event.CREATE, "below", "mkdir below"),
    (Event.CREATE, "link", "ln -s old link"),
]


@pytest.mark.parametrize("event,name,command", CHANGES)
def test_a_change_is_seen_by_the_polling_client(box, box_directory, watch, event, name, command):
    box.commands.run("echo content > old", cwd=box_directory)
    watcher = watch(box_directory)
    box.commands.run(command, cwd=box_directory)
    watcher.wait_for(event, name)


@pytest.mark.parametrize("event,name,command", CHANGES)
async def test_a_change_is_seen_by_the_streaming_client(box, box_directory, event, name, command):
    box.commands.run("echo content > old", cwd=box_directory)
    sandbox = await e2b.AsyncSandbox.connect(box.sandbox_id)
    seen, arrived = [], asyncio.Event()

    def on_event(one):
        seen.append(one)
        if (one.type, one.name) == (event, name):
            arrived.set()

    handle = await sandbox.files.watch_dir(box_directory, on_event=on_event)
    await sandbox.commands.run(command, cwd=box_directory)
    try:
        await asyncio.wait_for(arrived.wait(), 10)
    except TimeoutError:
        pytest.fail(f"{event} of {name} not in {seen}")
    finally:
        await handle.stop()


def test_below_the_directory_nothing_is_seen_unless_asked(box, box_directory, watch):
    box.files.make_dir(f"{box_directory}/below")
    watcher = watch(box_directory)
    box.files.write(f"{box_directory}/below/hidden", "x")
    box.files.write(f"{box_directory}/visible", "x")
    watcher.wait_for(Event.CREATE, "visible")
    assert not [event for event in watcher.seen if "hidden" in event.name]


def test_a_recursive_watch_sees_what_is_below(box, box_directory, watch):
    box.files.make_dir(f"{box_directory}/a/b")
    watcher = watch(box_directory, recursive=True)
    box.files.write(f"{box_directory}/a/b/deep", "x")
    watcher.wait_for(Event.WRITE, "a/b/deep")


def test_a_recursive_watch_sees_into_directories_made_later(box, box_directory, watch):
    watcher = watch(box_directory, recursive=True)
    box.files.make_dir(f"{box_directory}/later/still")
    watcher.wait_for(Event.CREATE, "later")
    box.files.write(f"{box_directory}/later/still/deep", "x")
    watcher.wait_for(Event.WRITE, "later/still/deep")


def test_entries_come_along_when_asked_for(box, box_directory, watch):
    watcher = watch(box_directory, include_entry=True)
    box.files.write(f"{box_directory}/seen", "12345")
    entry = watcher.wait_for(Event.WRITE, "seen").entry
    assert (entry.path, entry.type.value, entry.owner) == (f"{box_directory}/seen", "file", "user")
    box.files.remove(f"{box_directory}/seen")
    assert watcher.wait_for(Event.REMOVE, "seen").entry is None


def test_entries_do_not_come_unasked(box, box_directory, watch):
    watcher = watch(box_directory)
    box.files.write(f"{box_directory}/seen", "x")
    assert watcher.wait_for(Event.WRITE, "seen").entry is None


def test_network_mounts_may_be_allowed(box, box_directory, watch):
    watcher = watch(box_directory, allow_network_mounts=True)
    box.files.write(f"{box_directory}/seen", "x")
    watcher.wait_for(Event.WRITE, "seen")


def test_a_missing_directory_is_not_found(box):
    with pytest.raises(e2b.FileNotFoundException):
        box.files.watch_dir("/no/such/directory")


def test_a_file_can_not_be_watched(box, box_directory):
    box.files.write(f"{box_directory}/file", "x")
    with pytest.raises(e2b.InvalidArgumentException):
        box.files.watch_dir(f"{box_directory}/file")


async def test_the_streaming_client_learns_of_a_missing_directory(box):
    sandbox = await e2b.AsyncSandbox.connect(box.sandbox_id)
    with pytest.raises(e2b.FileNotFoundException):
        await sandbox.files.watch_dir("/no/such/directory", on_event=lambda _: None)


def test_an_unknown_watcher_is_not_found(envd, box):
    response = envd(box).call("filesystem.Filesystem/GetWatcherEvents", {"watcherId": "w-unknown"})
    assert response.json()["code"] == "not_found"


def test_events_are_told_once(box, box_directory, watch):
    watcher = watch(box_directory)
    box.files.write(f"{box_directory}/once", "x")
    watcher.wait_for(Event.WRITE, "once")
    eventually(lambda: watcher.handle.get_new_events() == [], "no more news", 5)


def test_many_changes_are_all_seen(box, box_directory, watch):
    watcher = watch(box_directory)
    box.commands.run("for i in $(seq 500); do : > file-$i; done", cwd=box_directory)
    watcher.wait_for(Event.CREATE, "file-500")
    created = {event.name for event in watcher.seen if event.type == Event.CREATE}
    assert len(created) == 500
