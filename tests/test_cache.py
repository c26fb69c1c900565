"""The cache: an entry is whole or not there, made once, and all of them take no more disk than is allowed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from common.cache import USED, cached, entry_name
from common.environment import PROJECT
from common.errors import DeviceError

# Makes an entry, says so, and waits to be killed.
KILLED = """
import sys, threading
from pathlib import Path
from common.cache import cached, entry_name

def make(folder):
    (folder / "half").write_text("x" * 1000)
    print("making", flush=True)
    threading.Event().wait()

cached(Path(sys.argv[1]), entry_name("slow", sys.argv[2]), make, lambda folder: None)
"""


def get(root: Path, about: str, size: int = 100, **options: object) -> str:
    """Return the content of an entry of a size in bytes."""

    def make(folder: Path) -> None:
        (folder / "content").write_text(about.ljust(size))

    def read(folder: Path) -> str:
        text = (folder / "content").read_text()
        if not text.startswith(about):
            raise ValueError("damaged")
        return text.strip()

    return cached(root, entry_name("text", about), make, read, **options)  # type: ignore[arg-type]


def there(root: Path, *abouts: str) -> str:
    return "".join(about for about in abouts if (root / entry_name("text", about)).is_dir())


def test_a_name_tells_inputs_apart() -> None:
    names = [
        entry_name("a", [1]), entry_name("b", [1]), entry_name("a", [2]), entry_name("a", [1], ["xy"]),
        entry_name("a", [1], ["x", "y"]), entry_name("a", [1], ["y", "x"]), entry_name("a", [1], ["\udcff"]),
    ]  # fmt: skip
    assert len(set(names)) == len(names)
    assert entry_name("a", {"size": 3}, ["x"]) == entry_name("a", {"size": 3}, ["x"])


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    assert get(tmp_path, "a") == "a"
    folder = tmp_path / entry_name("text", "a")
    inode = folder.stat().st_ino
    assert get(tmp_path, "a") == "a" and folder.stat().st_ino == inode


def test_what_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    get(tmp_path, "a")
    content = tmp_path / entry_name("text", "a") / "content"
    content.write_text("b")
    assert get(tmp_path, "a") == "a"
    content.unlink()
    assert get(tmp_path, "a") == "a"


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_what_may_not_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    """B7: a filled cache on a disk that is read-only."""
    get(tmp_path, "a")

    def refused(*_: object, **__: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "utime", refused)
    monkeypatch.setattr("common.cache.locked", refused)
    assert get(tmp_path, "a") == "a"


def test_a_cache_that_is_a_file_is_told(tmp_path: Path) -> None:
    """D10."""
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match=r"cannot write .*; choose a folder that you may write to"):
        get(tmp_path / "file", "a")


def test_an_error_while_making_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        cached(tmp_path, entry_name("text", "a"), fail, get)  # type: ignore[arg-type]
    assert not any(tmp_path.iterdir())


def test_the_least_recently_used_leave_first(tmp_path: Path) -> None:
    for age, about in enumerate("abc"):
        get(tmp_path, about)
        _age(tmp_path, about, 300 - 100 * age)
    get(tmp_path, "a")  # used again
    get(tmp_path, "d", max_bytes=350)
    assert there(tmp_path, *"abcd") == "acd"
    get(tmp_path, "e", max_bytes=99)
    assert there(tmp_path, *"abcde") == "e"
    assert len(list(tmp_path.iterdir())) == 1


def _age(root: Path, about: str, seconds: float) -> None:
    used = root / entry_name("text", about) / USED
    then = used.stat().st_mtime - seconds
    os.utime(used, (then, then))


def test_room_of_a_known_size_is_made_before_the_work(tmp_path: Path) -> None:
    get(tmp_path, "a")

    def make(folder: Path) -> None:
        assert not there(tmp_path, "a")

    cached(tmp_path, entry_name("text", "b"), make, lambda folder: None, need=300, max_bytes=350)


def test_a_full_disk_is_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.cache.free_disk", lambda folder: 1000)
    with pytest.raises(DeviceError, match=r"2\.00 GB are needed in .*, and 0\.00 GB of disk are free"):
        get(tmp_path, "a", need=2 * 10**9)
    assert not there(tmp_path, "a")


def test_others_wait_for_who_makes_it_and_it_is_not_removed_meanwhile(tmp_path: Path) -> None:
    making, waits, made = threading.Event(), threading.Event(), []

    def make(folder: Path) -> None:
        made.append(folder)
        making.set()
        assert waits.wait(60)

    def ask() -> None:
        cached(tmp_path, entry_name("slow", 1), make, lambda folder: None, on_wait=waits.set)

    first = threading.Thread(target=ask)
    first.start()
    assert making.wait(60)
    get(tmp_path, "a", max_bytes=1)
    ask()
    first.join()
    assert len(made) == 1
    assert {path.name for path in tmp_path.glob("*-*")} >= {entry_name("slow", 1)}


@pytest.mark.slow
def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path, "a"], text=True, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == "making\n"
        get(tmp_path, "b")
        assert list(tmp_path.glob(".slow-*.part")), "it is being made"
        process.kill()
    get(tmp_path, "c")
    assert not list(tmp_path.glob(".*.part"))


# Asks for a folder that it makes when it reads a line, and says what it does.
MAKER = """
import sys
from pathlib import Path
from common.cache import cached
def tell(word):
    print(word, flush=True)
def make(folder):
    tell("making")
    sys.stdin.readline()
    (folder / "content").write_text(sys.argv[2])
path = Path(sys.argv[1])
cached(path.parent, path.name, make, lambda folder: None, on_wait=lambda: tell("waiting"))
tell("done")
"""


def maker(path: Path, content: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKER, str(path), content]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )


@pytest.mark.slow
def test_of_several_processes_one_makes_a_folder_and_the_others_find_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "entry"
    with maker(path, "first") as first:
        assert first.stdout.readline() == "making\n"
        with maker(path, "second") as second, maker(path, "third") as third:
            assert second.stdout.readline() == third.stdout.readline() == "waiting\n"
            first.communicate("go\n")
            assert {process.communicate()[0].splitlines()[-1] for process in (second, third)} == {"done"}
    assert (path / "content").read_text() == "first"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
def test_who_waits_for_a_killed_process_makes_the_folder_itself(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    with maker(path, "first") as first:
        assert first.stdout.readline() == "making\n"
        with maker(path, "second") as second:
            assert second.stdout.readline() == "waiting\n"
            first.send_signal(signal.SIGKILL)
            assert second.communicate("go\n")[0] == "making\ndone\n"
    assert (path / "content").read_text() == "second"
