"""A file is complete under its name or not there, whatever happens meanwhile; and only dead temporary files go."""

import errno
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Thread

import pytest

from photochrom.errors import ImageError
from photochrom.files.output_file import Existing, is_there, remove_dead_temporaries, temporary_file, write_file

AWKWARD_NAMES = [
    "with space.png",
    "übergroß 写真.png",
    "two\nlines.png",
    "-o.png",
    "%s{}.png",
    "~",
    "con.png",
    "a?b*c[d].png",
    b"not utf-8 \xff.png",
    "n" * 251 + ".png",
]
DEAD = ".photochrom-0123456789abcdef.part"
POLICIES: tuple[Existing, ...] = ("refuse", "skip", "overwrite")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def before_naming(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something when the first file is written, but does not have its name yet."""
    fsync = os.fsync
    calls = 0

    def act(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            action()
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", act)


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture(params=["links", "no links"])
def with_and_without_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that makes hard links, and one that does not."""
    if request.param == "no links":
        refuse_links(monkeypatch)


@pytest.mark.parametrize("name", AWKWARD_NAMES)
def test_any_name_that_a_file_can_have_is_written(tmp_path: Path, name: str | bytes):
    path = tmp_path / os.fsdecode(name)
    assert write_file(path, b"picture")
    assert write_file(path, b"new picture", existing="overwrite")
    assert path.read_bytes() == b"new picture"
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("data", [b"", bytearray(b"abc"), memoryview(b"abcdef").cast("H"), bytes(3_000_000)])
def test_the_file_holds_the_data_byte_for_byte(tmp_path: Path, data: bytes | bytearray | memoryview):
    write_file(tmp_path / "a", data)
    assert (tmp_path / "a").read_bytes() == bytes(data)


def test_folders_are_made_as_needed(tmp_path: Path):
    path = tmp_path / "a" / "b" / "c.png"
    write_file(path, b"picture")
    assert path.read_bytes() == b"picture"


@pytest.mark.usefixtures("with_and_without_links")
def test_what_is_there_is_refused_skipped_or_replaced(tmp_path: Path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(ImageError, match=r"a\.png: exists already; .*--overwrite"):
        write_file(path, b"new")
    assert not write_file(path, b"new", existing="skip")
    assert path.read_bytes() == b"old"
    assert write_file(path, b"new", existing="overwrite")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.usefixtures("with_and_without_links")
def test_what_another_program_wrote_meanwhile_stays_unless_replacing_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.png"

    def write(existing: Existing) -> bool:
        path.unlink(missing_ok=True)
        with monkeypatch.context() as patch:
            before_naming(patch, lambda: path.write_bytes(b"theirs"))
            return write_file(path, b"ours", existing=existing)

    with pytest.raises(ImageError, match=r"a\.png: exists now: another program or run wrote it meanwhile"):
        write("refuse")
    assert path.read_bytes() == b"theirs"
    assert not write("skip")
    assert path.read_bytes() == b"theirs"
    assert write("overwrite")
    assert path.read_bytes() == b"ours"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.usefixtures("with_and_without_links")
def test_of_many_that_write_one_file_at_once_exactly_one_does(tmp_path: Path):
    path, count = tmp_path / "a.png", 8
    barrier = Barrier(count)
    written: list[int] = []

    def write(number: int) -> None:
        barrier.wait()
        if write_file(path, bytes([number]) * 100_000, existing="skip"):
            written.append(number)

    threads = [Thread(target=write, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 1
    assert path.read_bytes() == bytes(written) * 100_000
    assert names(tmp_path) == ["a.png"]


@pytest.mark.usefixtures("with_and_without_links")
def test_a_link_counts_as_there_and_is_replaced_but_never_what_it_leads_to(tmp_path: Path):
    original, link, dangling = tmp_path / "original.png", tmp_path / "link.png", tmp_path / "dangling.png"
    original.write_bytes(b"precious")
    link.symlink_to(original)
    dangling.symlink_to(tmp_path / "nowhere.png")
    for path in (link, dangling):
        with pytest.raises(ImageError, match="exists already"):
            write_file(path, b"new")
        assert not write_file(path, b"new", existing="skip")
        assert path.is_symlink()
        assert write_file(path, b"new", existing="overwrite")
        assert not path.is_symlink()
    assert original.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere.png").exists()


def test_a_link_to_a_folder_is_followed_where_a_folder_belongs(tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "there")
    write_file(tmp_path / "out" / "a.png", b"picture")
    assert (tmp_path / "there" / "a.png").read_bytes() == b"picture"


@pytest.mark.parametrize("existing", POLICIES)
def test_folders_and_pipes_are_never_replaced_nor_taken_for_outputs(tmp_path: Path, existing: Existing):
    folder, link, pipe = tmp_path / "folder.png", tmp_path / "link.png", tmp_path / "pipe.png"
    folder.mkdir()
    link.symlink_to(folder)
    os.mkfifo(pipe)
    for path, reason in ((folder, "is a folder"), (link, "is a folder"), (pipe, "is a device or a pipe")):
        with pytest.raises(ImageError, match=reason):
            is_there(path)
        with pytest.raises(ImageError, match=reason):
            write_file(path, b"new", existing=existing)
    assert names(tmp_path) == ["folder.png", "link.png", "pipe.png"]


@pytest.mark.parametrize("existing", POLICIES)
def test_a_folder_that_takes_the_name_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing
):
    path = tmp_path / "a.png"
    before_naming(monkeypatch, path.mkdir)
    with pytest.raises(ImageError, match=r"a\.png: is a folder"):
        write_file(path, b"new", existing=existing)
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("existing", POLICIES)
def test_a_folder_that_vanishes_meanwhile_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing
):
    before_naming(monkeypatch, lambda: shutil.rmtree(tmp_path / "out"))
    with pytest.raises(ImageError, match=r"a\.png: cannot be written: No such file"):
        write_file(tmp_path / "out" / "a.png", b"new", existing=existing)
    assert names(tmp_path) == []


def test_a_file_in_the_place_of_a_folder_is_a_failure(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "file" / "a.png", tmp_path / "file" / "x" / "a.png"):
        assert not is_there(path)
        with pytest.raises(ImageError, match="cannot be written: a file stands where a folder is needed"):
            write_file(path, b"new")


def test_a_name_that_no_file_can_have_is_a_failure(tmp_path: Path):
    with pytest.raises(ImageError, match="cannot be written: File name too long"):
        write_file(tmp_path / ("n" * 256), b"new")
    with pytest.raises(ImageError, match="no file can have this name"):
        write_file(tmp_path / "n\0.png", b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize(("step", "there"), [("fsync", False), ("fsync", True), ("link", False), ("replace", True)])
def test_when_the_system_refuses_a_step_everything_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str, there: bool
):
    path = tmp_path / "a.png"
    if there:
        path.write_bytes(b"before")
    seen: list[list[str]] = []

    def refuse(*_: object, **__: object) -> None:
        seen.append(names(tmp_path))
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(ImageError) as caught:
        write_file(path, b"new", existing="overwrite" if there else "refuse")
    assert str(caught.value) == f"{path}: cannot be written: {os.strerror(number)}"
    assert [len(before) for before in seen] == [1 + there], "the file was not being written under another name"
    assert names(tmp_path) == ["a.png"] * there
    assert not there or path.read_bytes() == b"before"


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(ImageError, match=r"a\.png: cannot be written: Read-only file system"):
        write_file(tmp_path / "out" / "a.png", b"new")


def test_an_interrupt_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt() -> None:
        raise KeyboardInterrupt

    before_naming(monkeypatch, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "a.png", b"new")
    assert names(tmp_path) == []


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_reached_in_the_middle_of_a_file_leaves_no_part_of_it(tmp_path: Path):
    with largest_file(100_000), pytest.raises(ImageError, match=r"a\.png: cannot be written: File too large"):
        write_file(tmp_path / "a.png", bytes(300_000))
    assert names(tmp_path) == []


def test_a_disk_that_gets_full_in_the_middle_of_a_file_keeps_what_was_there(tmp_path: Path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this user cannot mount a small disk")
    try:
        write_file(tmp_path / "a.png", bytes(100_000))
        for existing, name in (("refuse", "b.png"), ("overwrite", "a.png")):
            with pytest.raises(ImageError, match=rf"{name}: cannot be written: No space left on device"):
                write_file(tmp_path / name, b"x" * 150_000, existing=existing)  # type: ignore[arg-type]
        assert names(tmp_path) == ["a.png"]
        assert (tmp_path / "a.png").read_bytes() == bytes(100_000)
        write_file(tmp_path / "c.png", bytes(50_000))
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_new_file_has_the_permissions_that_the_user_gives_new_files(tmp_path: Path):
    replaced = tmp_path / "b.png"
    replaced.write_bytes(b"")
    replaced.chmod(0o444)
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "a.png", b"new")
        write_file(replaced, b"new", existing="overwrite")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o640}


@pytest.mark.parametrize("existing", POLICIES)
def test_the_data_is_on_the_disk_before_the_name_and_then_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, existing: Existing
):
    path, fsync = tmp_path / "a.png", os.fsync
    steps: list[tuple[str, bool]] = []

    def note(descriptor: int) -> None:
        steps.append(("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file", path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    write_file(path, b"new", existing=existing)
    assert steps == [("file", False), ("folder", True)]


def test_a_temporary_file_that_is_being_written_is_never_removed(tmp_path: Path):
    with temporary_file(tmp_path) as (file, temporary):
        file.write(b"half")
        assert remove_dead_temporaries(tmp_path) == 0
        assert temporary.read_bytes() == b"half"
    assert names(tmp_path) == []


KILLED = """
import sys, time
from pathlib import Path
from photochrom.files.output_file import temporary_file
with temporary_file(Path(sys.argv[1])) as (file, _):
    file.write(b"half")
    print("written", flush=True)
    time.sleep(600)
"""


def test_the_temporary_file_of_another_process_is_removed_only_after_that_was_killed(tmp_path: Path):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        assert remove_dead_temporaries(tmp_path) == 0
        assert len(names(tmp_path)) == 1
        process.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == 1, "SIGKILL cannot be the end of a file"
    assert remove_dead_temporaries(tmp_path) == 1
    assert names(tmp_path) == []


def test_a_file_taken_for_dead_before_its_lock_held_is_written_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import fcntl

    flock = fcntl.flock
    removed: list[int] = []

    def remove_first(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(0)
            removed[0] = remove_dead_temporaries(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    write_file(tmp_path / "a.png", b"new")
    assert removed == [1]
    assert names(tmp_path) == ["a.png"]


def test_a_file_system_without_locks_keeps_its_temporary_files_and_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / DEAD).write_bytes(b"half")
    assert remove_dead_temporaries(tmp_path) == 0
    write_file(tmp_path / "a.png", b"new")
    assert names(tmp_path) == [DEAD, "a.png"]


def test_only_our_own_temporary_files_are_removed_and_nothing_behind_links(tmp_path: Path):
    folder = tmp_path / "out"
    (folder / ".photochrom-00000000000000ff.part").mkdir(parents=True)
    (tmp_path / "precious").write_bytes(b"precious")
    (folder / ".photochrom-00000000000000aa.part").symlink_to(tmp_path / "precious")
    os.mkfifo(folder / ".photochrom-00000000000000bb.part")
    others = ["a.png", ".photochrom-notes.part", f"{DEAD}.png", ".photochrom-0123456789ABCDEF.part"]
    for name in (*others, DEAD, ".photochrom-00000000000000cc.part"):
        (folder / name).write_bytes(b"")
    before = names(folder)
    assert remove_dead_temporaries(folder) == 2
    assert names(folder) == sorted(set(before) - {DEAD, ".photochrom-00000000000000cc.part"})
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_folder_that_is_missing_or_a_file_has_no_temporary_files(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    assert remove_dead_temporaries(tmp_path / "missing") == 0
    assert remove_dead_temporaries(tmp_path / "file") == 0
