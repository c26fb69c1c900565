"""Files and folders are whole or not there: whatever kills the writer, and however full the disk is."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from forks import Command, Forks

from common.errors import DeviceError
from common.files import atomic_folder, atomic_write, full_disk_reported, locked

# Writes a file again and again, each time in a child that kills itself at the next line of common/files.py.
KILLED = """
import os, signal, sys
from pathlib import Path
from common import files
path = Path(sys.argv[1])
def write(last):
    lines = 0
    def trace(frame, event, argument):
        nonlocal lines
        if frame.f_code.co_filename == files.__file__:
            lines += event == "line"
            if lines == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return trace
    sys.settrace(trace)
    with files.atomic_write(path) as handle:
        handle.write(b"n" * 100_000)
for last in range(1, 1000):
    path.write_bytes(b"o" * 100_000)
    if not (child := os.fork()):
        write(last)
        os._exit(0)
    whole = os.waitpid(child, 0)[1] == 0
    content = path.read_bytes()
    print(len(content), *map(chr, set(content)))
    if whole:
        break
"""

# A largest file size is the one disk limit that a process can set for itself.
LIMITED = """
import resource, signal, sys
from pathlib import Path
from common.errors import KitError
from common.files import atomic_folder, atomic_write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
path = Path(sys.argv[1])
try:
    if sys.argv[2] == "file":
        with atomic_write(path, "w") as handle:
            for _ in range(1000):
                handle.write("x" * 1000)
    else:
        with atomic_folder(path) as folder:
            (folder / "big").write_bytes(b"x" * 100_000)
except KitError as error:
    print(type(error).__name__, error)
"""


def run(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1]).stdout


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def test_a_file_appears_whole_with_its_folders(tmp_path):
    path = tmp_path / "new" / "folder" / "file.txt"
    with atomic_write(path, "w") as handle:
        handle.write("Grüße\r\n")
        assert not path.exists()
    assert path.read_bytes() == "Grüße\r\n".encode()
    assert names(path.parent) == ["file.txt"]


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), atomic_write(path) as handle:
            handle.write(b"new")
            raise error
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_permissions_and_links_stay(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_write(link) as handle:
        handle.write(b"new")
    assert link.is_symlink() and path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_places_that_cannot_be_written_are_told_in_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path, tmp_path / "file" / "below", Path("/dev/full"), Path("/proc/file")):
        with pytest.raises(DeviceError, match=r"^cannot write .*; .*$"), atomic_write(path) as handle:
            handle.write(b"new")
    with pytest.raises(DeviceError, match="cannot write"), atomic_folder(Path("/proc/folder")):
        pass


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    told = run(LIMITED, path, "file")
    assert re.fullmatch(rf"DeviceError disk full: {path} needs more than 0\.\d MB and .*\n", told)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.slow
def test_a_full_disk_leaves_the_old_folder(tmp_path):
    path = tmp_path / "folder"
    with atomic_folder(path) as folder:
        (folder / "small").write_bytes(b"old")
    assert run(LIMITED, path, "folder").startswith("DeviceError disk full")
    assert [file.name for file in tmp_path.rglob("*")] == ["folder", "small"]


@pytest.mark.slow
def test_a_kill_at_any_line_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    outcomes = run(KILLED, path).splitlines()
    old, new = outcomes.count("100000 o"), outcomes.count("100000 n")
    assert outcomes == ["100000 o"] * old + ["100000 n"] * new and old > 10 and new > 2
    assert any(name != "file" for name in names(tmp_path))  # parts of killed writers, which are in nobody's way
    assert all(name == "file" or name.endswith(".part") for name in names(tmp_path))


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "a" / "folder"
    for name in ("first", "second"):
        with atomic_folder(path) as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / name).write_text(name)
    assert [file.name for file in path.rglob("*")] == ["deep", "second"]
    with pytest.raises(ValueError), atomic_folder(path) as folder:
        (folder / "third").write_text("")
        raise ValueError
    assert [file.name for file in path.rglob("*")] == ["deep", "second"]
    assert names(path.parent) == ["folder"]


@pytest.mark.slow
def test_a_model_that_does_not_fit_the_disk_is_told_in_one_line(forks: Forks, tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; import numpy as np, torch\n"
        "from safetensors.torch import save_file\n"
        "from common.errors import DeviceError; from common.files import atomic_folder\n"
        "writers = {'safetensors': lambda at: save_file({'a': torch.zeros(500000)}, at / 'm'),\n"
        "           'torch': lambda at: torch.save(torch.zeros(500000), at / 'm'),\n"
        "           'numpy': lambda at: np.save(at / 'm.npy', np.zeros(500000))}\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "for name, write in writers.items():\n"
        "    try:\n"
        f"        with atomic_folder(Path({str(tmp_path)!r}) / name) as folder: write(folder)\n"
        "    except DeviceError as error: print(name, str(error)[:9])\n"
    )
    (ended,) = forks.run(Command(code=code, path=(str(Path(__file__).parents[1]),)))
    assert ended.out.splitlines() == ["safetensors disk full", "torch disk full", "numpy disk full"], ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_lock_may_be_refused_instead_of_waited_for(tmp_path: Path) -> None:
    def refuse() -> None:
        raise DeviceError("somebody else has it")

    path = tmp_path / "new" / "lock"
    for _ in range(2):
        with locked(path, refuse), pytest.raises(DeviceError, match="somebody else"), locked(path, refuse):
            pass
    with pytest.raises(DeviceError, match="cannot write"), locked(Path("/proc/lock")):
        pass


def test_one_at_a_time_holds_a_lock_and_its_file_is_gone_in_the_end(tmp_path: Path) -> None:
    inside, most, waits = [0], [0], threading.Event()

    def hold() -> None:
        for _ in range(20):
            with locked(tmp_path / "entry", waits.set):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=hold) for _ in range(3)]
    with locked(tmp_path / "entry"):
        for thread in threads:
            thread.start()
        assert waits.wait(60)
        assert most == [0]
    for thread in threads:
        thread.join()
    assert most == [1] and not any(tmp_path.iterdir())


FORKED = """
import os, signal, sys
from pathlib import Path
from common.files import locked
def refuse():
    raise SystemExit("the child still has it")
path = Path(sys.argv[1])
with locked(path):
    child = os.fork()
    if not child:
        signal.pause()
try:
    with locked(path, refuse):
        print("free")
finally:
    os.kill(child, signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_child_that_was_forked_meanwhile_keeps_no_lock(tmp_path: Path) -> None:
    assert run(FORKED, tmp_path / "lock") == "free\n"


@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_worked_on_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    """B6."""

    def flock(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(fcntl, "flock", flock)
    for _ in range(2):
        with locked(tmp_path / "ledger.csv"):
            (tmp_path / "ledger.csv").touch()
        assert names(tmp_path) == ["ledger.csv"]


def test_a_disk_that_takes_no_more_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D13."""
    values = list(os.statvfs(tmp_path))
    values[5:8] = 1000, 0, 0  # f_files, f_ffree, f_favail
    monkeypatch.setattr(os, "statvfs", lambda folder: os.statvfs_result(values))
    with pytest.raises(DeviceError, match="no inodes are left"), full_disk_reported(tmp_path / "model"):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space")))
    with (
        pytest.raises(DeviceError, match=r"disk full: cannot write .*no inodes are left"),
        atomic_write(tmp_path / "x"),
    ):
        pass
