"""The clean room: what a kernel finds, what it cannot do, and what stops it; then the same through the client."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import psutil
import pytest
from kaggle_seam import isolate
from stand_in_world import KEY, USER, hosted, kernel_folder, read_csv, wait_for

from common.environment import PROJECT
from common.errors import SettingError
from common.kaggle import outputs, submit
from common.kaggle.errors import NotFound
from common.kaggle.official import Client, connect
from common.kaggle.results import KernelState, Ref
from common.kaggle.retry import Clock
from common.rehearsal.clean_room import limits, python, sandbox
from common.rehearsal.clean_room.python import Python
from common.rehearsal.clean_room.runner import EXECUTED, CleanRoom
from common.rehearsal.clean_room.sandbox import Bubblewrap, Isolation, NoIsolation, Unshare, choose, works
from common.rehearsal.stand_in.running import Input, KernelRun, LogEntry, RunLimits, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.runs.ledger import Ledger

pytestmark = pytest.mark.slow  # each runs a kernel in processes of its own
WORKING = [each for each in (Bubblewrap(), Unshare()) if works(each, internet=False)]
ALL: list[Isolation] = [*WORKING, NoIsolation()]
isolated = pytest.mark.skipif(not WORKING, reason="neither bubblewrap nor unshare works here")


@pytest.fixture(params=ALL, ids=lambda each: each.name)
def isolation(request: pytest.FixtureRequest) -> Isolation:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=WORKING, ids=lambda each: each.name)
def real_isolation(request: pytest.FixtureRequest) -> Isolation:
    return request.param  # type: ignore[no-any-return]


class Ran:
    """One kernel's run, and what it left."""

    def __init__(self, folder: Path, source: str, room: CleanRoom | None = None, **fields: Any) -> None:
        data = folder / "data"
        data.mkdir(parents=True)
        (data / "test.csv").write_text("id\n1\n")
        run = KernelRun(
            **{
                "ref": "someone/kernel",
                "version": 1,
                "kernel_type": "script",
                "language": "python",
                "source": source,
                "inputs": (Input(kind="competition", ref="toy", folder=data),),
                "limits": RunLimits(seconds=60),
                "emit": self._take,
                **fields,
            }
        )
        self.data, self.entries = data, list[LogEntry]()
        (folder / "run").mkdir()
        self.result: RunResult = (room or CleanRoom())(run, folder / "run")

    def _take(self, entry: LogEntry) -> None:
        self.entries.append(entry)

    def text(self, stream: str = "stdout") -> str:
        return "".join(entry.text for entry in self.entries if entry.stream == stream)

    def json(self) -> Any:
        assert self.result.status == "COMPLETE", self.result.failure
        return json.loads(self.text())


def notebook(*cells: str) -> str:
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.writes(document)


LOOK = """
import json, os
from pathlib import Path
root = Path(os.environ.get("KIT_ENVIRONMENT", "root=/").partition("root=")[2].split()[0])
try:
    import common
except ImportError as error:
    common = str(error)
print(json.dumps({
    "input": (root / "kaggle/input/competitions/toy/test.csv").read_text(),
    "folders": sorted(path.name for path in (root / "kaggle").iterdir()),
    "here": os.getcwd(), "variables": dict(os.environ), "common": common,
}))
Path("made.txt").write_text("made")
"""


def test_kernel_finds_what_kaggle_has(tmp_path: Path, isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "0123456789abcdef")
    ran = Ran(tmp_path, LOOK, CleanRoom(isolation=isolation, variables={"KIT_PROFILE": "sample"}))
    seen = ran.json()
    assert seen["input"] == "id\n1\n"
    assert seen["folders"] == ["input", "src", "temp", "working"]
    assert seen["here"].endswith("/kaggle/working")
    assert seen["common"] == "No module named 'common'"
    variables = seen["variables"]
    assert variables["KAGGLE_KERNEL_RUN_TYPE"] == "Batch"
    assert "KAGGLE_IS_COMPETITION_RERUN" not in variables
    assert variables["KIT_PROFILE"] == "sample"
    assert not {"KAGGLE_KEY", "KAGGLE_USERNAME", "SSH_AUTH_SOCK"} & set(variables)
    assert (ran.result.output / "made.txt").read_text() == "made"


@isolated
def test_repository_and_home_cannot_be_seen(tmp_path: Path, real_isolation: Isolation) -> None:
    look = """
import json, os, sys
print(json.dumps([sorted(os.listdir(folder)) if os.path.isdir(folder) else [] for folder in sys.argv[1:] or FOLDERS]))
"""
    folders = [str(PROJECT), str(Path.home()), str(tmp_path)]
    ran = Ran(tmp_path, f"FOLDERS = {folders!r}\n{look}", CleanRoom(isolation=real_isolation))
    project, home, temporary = ran.json()
    assert not {"common", "README.md", ".git"} & set(project)
    assert not {".ssh", ".kaggle", ".bashrc", ".config"} & set(home)
    assert temporary == []
    assert real_isolation.gaps == ()


@isolated
def test_d8_nothing_of_this_machine_can_be_written(tmp_path: Path, real_isolation: Isolation) -> None:
    """Only the flags of the mounts are looked at, which is enough: nothing is written."""
    look = """
import json
from pathlib import Path
mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
print(json.dumps({mount[4]: mount[5].split(",")[0] for mount in mounts}))
"""
    data = tmp_path / "with space" / "data"
    data.mkdir(parents=True)
    inputs = (Input(kind="dataset", ref="me/spaced", folder=data),)
    mounts = Ran(tmp_path / "ran", look, CleanRoom(isolation=real_isolation), inputs=inputs).json()
    walls = ("/proc/sys", "/sys", "/usr", "/etc", "/opt", "/kaggle/input", "/kaggle/src")
    below = {point for point in mounts for wall in walls if f"{point}/".startswith(f"{wall}/")}
    assert {"/proc/sys", "/sys", "/usr", "/etc", "/kaggle/input"} <= below
    assert {point: mounts[point] for point in below if mounts[point] != "ro"} == {}


@isolated
def test_d9_a_repository_among_the_systems_folders_is_hidden(
    tmp_path: Path, real_isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = next(folder for folder in Path("/usr/share").iterdir() if folder.is_dir() and any(folder.iterdir()))
    monkeypatch.setattr(sandbox, "PROJECT", place)
    look = f"import json, os; print(json.dumps([os.listdir({str(place)!r}), os.access({str(place)!r}, os.W_OK)]))"
    assert Ran(tmp_path, look, CleanRoom(isolation=real_isolation)).json() == [[], False]


@isolated
def test_d9_files_in_shared_memory_are_memory(tmp_path: Path, real_isolation: Isolation) -> None:
    source = "import time\nopen('/dev/shm/x', 'wb').write(bytes(300_000_000))\ntime.sleep(30)"
    room, limit = CleanRoom(isolation=real_isolation), RunLimits(seconds=60, memory_bytes=200_000_000)
    assert "more memory than" in Ran(tmp_path, source, room, limits=limit).result.failure


def test_d27_what_isolates_is_found_where_this_process_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert Bubblewrap().program == str(bwrap)


@isolated
def test_kernel_that_writes_into_its_inputs_is_stopped(tmp_path: Path, real_isolation: Isolation) -> None:
    for place in ("/kaggle/input/new.csv", "/kaggle/input/competitions/toy/test.csv"):
        ran = Ran(tmp_path / Path(place).stem, f"open({place!r}, 'a').write('x')", CleanRoom(isolation=real_isolation))
        assert ran.result.status == "ERROR"
        assert "Read-only file system" in ran.result.failure
        assert (ran.data / "test.csv").read_text() == "id\n1\n"


def test_without_isolation_inputs_are_copies(tmp_path: Path) -> None:
    spoil = LOOK + "\npath = root / 'kaggle/input/competitions/toy/test.csv'; path.chmod(0o666); path.write_text('x')"
    ran = Ran(tmp_path, spoil, CleanRoom(isolation=NoIsolation()))
    assert ran.result.status == "COMPLETE"
    assert (ran.data / "test.csv").read_text() == "id\n1\n"


REACH = """
import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print("out:", error)
try:
    socket.getaddrinfo("example.org", 80)
except OSError as error:
    print("name:", error)
listening = socket.create_server(("127.0.0.1", 0))
print("loopback:", socket.create_connection(listening.getsockname()).fileno() > 0)
"""


def test_network_is_off_when_internet_is_off(tmp_path: Path, isolation: Isolation) -> None:
    lines = Ran(tmp_path, REACH, CleanRoom(isolation=isolation)).text().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["out", "name", "loopback"]
    assert "Network is unreachable" in lines[0] or "internet is off" in lines[0]
    assert lines[2] == "loopback: True"


def test_room_can_keep_a_kernel_offline_that_asks_for_internet(tmp_path: Path) -> None:
    ran = Ran(tmp_path, REACH, CleanRoom(internet=False), internet=True)
    assert "out:" in ran.text()


def test_rerun_is_announced_and_begins_cold(tmp_path: Path, isolation: Isolation) -> None:
    source = """
import os
from pathlib import Path
marks = [Path.home() / "mark", Path("mark"), Path(os.environ.get("TMPDIR", "/tmp")) / "mark"]
print(os.environ.get("KAGGLE_IS_COMPETITION_RERUN"), [mark.exists() for mark in marks])
for mark in marks:
    mark.touch()
"""
    room = CleanRoom(isolation=isolation)
    first, second = Ran(tmp_path / "1", source, room), Ran(tmp_path / "2", source, room, rerun=True)
    assert first.text() == "None [False, False, False]\n"
    assert second.text() == "1 [False, False, False]\n"


def test_environment_is_detected_as_kaggle(tmp_path: Path, isolation: Isolation) -> None:
    """The kit itself, bundled as a kernel bundles it, must take the sandbox for Kaggle."""
    code = (PROJECT / "common" / "environment.py").read_text()
    errors = (PROJECT / "common" / "errors.py").read_text()
    source = f"""
import pathlib, sys
for name, text in {{"__init__.py": "", "environment.py": {code!r}, "errors.py": {errors!r}}}.items():
    path = pathlib.Path("bundle/common", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
sys.path.insert(0, "bundle")
from common.environment import detect
here = detect()
print(here.place, here.online(), here.working == pathlib.Path.cwd(), [path.is_dir() for path in here.mounts("toy")])
"""
    ran = Ran(tmp_path, source, CleanRoom(isolation=isolation), rerun=True)
    assert ran.text() == "kaggle-rerun False True [True, False]\n", ran.result.failure


def test_time_limit_ends_a_kernel_with_all_its_children(tmp_path: Path, isolation: Isolation) -> None:
    mark = uuid4().hex  # other workers run this test, too
    source = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)  # {mark}"], start_new_session=True)
print("begun", flush=True)
time.sleep(60)
"""
    ran = Ran(tmp_path, source, CleanRoom(isolation=isolation), limits=RunLimits(seconds=3))
    assert ran.result == replace(ran.result, status="ERROR", failure="the session ran longer than its limit of 3 s")
    assert ran.text() == "begun\n"
    assert not [each for each in psutil.process_iter(["cmdline"]) if mark in " ".join(each.info["cmdline"] or ())]


def test_memory_limit_counts_all_processes(tmp_path: Path) -> None:
    source = """
import os, time
pid = os.fork()
held = bytearray(os.urandom(1) * 80_000_000)
time.sleep(30)
"""
    ran = Ran(tmp_path, source, limits=RunLimits(seconds=60, memory_bytes=120 * 2**20))
    assert ran.result.status == "ERROR"
    assert ran.result.failure == "the kernel tried to allocate more memory than the 120 MiB that are available"


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    source = """
import os, time
held = bytearray(80_000_000)
children = [os.fork() for _ in range(1)]
time.sleep(0.7)
print("done", flush=True)
os._exit(0)
"""
    ran = Ran(tmp_path, source, limits=RunLimits(seconds=60, memory_bytes=120 * 2**20))
    assert ran.result.status == "COMPLETE", ran.result.failure


def test_disk_limit(tmp_path: Path) -> None:
    small = RunLimits(seconds=60, disk_bytes=1_000_000)
    at_once = Ran(tmp_path / "1", "open('big', 'wb').write(bytes(2_000_000))", limits=small)
    waiting = Ran(
        tmp_path / "2", "import time; open('big', 'wb').write(bytes(2_000_000)); time.sleep(60)", limits=small
    )
    elsewhere = Ran(tmp_path / "3", "open('../temp/big', 'wb').write(bytes(2_000_000))", limits=small)
    reason = "the kernel wrote more than the 0.954 MiB that /kaggle/working may hold"
    assert (at_once.result.failure, waiting.result.failure) == (reason, reason)
    assert elsewhere.result.status == "COMPLETE"


def test_secrets_are_masked_in_log_and_failure(tmp_path: Path) -> None:
    source = """
import sys
print("Authorization: Bearer abcdefgh12345678", "KGAT_abcdef0123456789abcdef", "my-own-password")
sys.exit("cannot sign in with KGAT_abcdef0123456789abcdef")
"""
    ran = Ran(tmp_path, source, CleanRoom(secrets=["my-own-password"]))
    shown = ran.text() + ran.text("stderr") + ran.result.failure
    assert "Bearer ***" in shown and "KGAT_***" in shown
    for secret in ("abcdefgh12345678", "abcdef0123456789abcdef", "my-own-password"):
        assert secret not in shown


def test_own_secrets_are_found_by_the_names_of_their_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUGGING_TOKEN", "hf-value-of-mine")
    assert Ran(tmp_path, "print('hf-value-of-mine')").text() == "***\n"


def test_log_comes_in_whole_lines_with_times_and_ends_at_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = r"""
import sys, time
sys.stdout.write("one "); sys.stdout.flush(); time.sleep(0.3)
print("line"); print("überall", file=sys.stderr)
sys.stdout.write("no end")
"""
    ran = Ran(tmp_path / "1", source)
    assert ran.text() == "one line\nno end"
    assert ran.text("stderr") == "überall\n"
    times = [entry.time for entry in ran.entries if entry.stream == "stdout"]
    assert times == sorted(times) and times[0] >= 0.3
    monkeypatch.setattr("common.rehearsal.clean_room.log.LIMIT", 1000)
    flood = Ran(tmp_path / "2", "print('x' * 99, flush=True)\n" * 50 + "print('end')").text()
    assert len(flood) < 10_000 and "the log ends here" in flood and "end\n" not in flood[-5:]


def test_notebook_prints_as_it_goes_and_stops_at_the_first_error(tmp_path: Path, isolation: Isolation) -> None:
    source = notebook("import sys\nprint('first')\nprint('loud', file=sys.stderr)", "{}['missing']", "print('never')")
    ran = Ran(tmp_path, source, CleanRoom(isolation=isolation), kernel_type="notebook")
    assert ran.result.failure == "the kernel ended with exit code 1: KeyError: 'missing'"
    assert ran.text() == "first\n"
    assert "loud\n" in ran.text("stderr") and "{}['missing']" in ran.text("stderr")
    assert "\x1b[" not in ran.text("stderr")
    executed = nbformat.read(tmp_path / "run" / EXECUTED, as_version=4)  # C6: also of one that failed
    assert [cell.execution_count for cell in executed.cells] == [1, 2, None]


def test_notebook_runs_in_working_and_its_kernel_may_die(tmp_path: Path) -> None:
    source = notebook("import os\nopen('submission.csv', 'w').write(os.getcwd())", "os.kill(os.getpid(), 9)")
    ran = Ran(tmp_path, source, kernel_type="notebook")
    assert "killed by the system" in ran.result.failure
    assert (ran.result.output / "submission.csv").read_text().endswith("/kaggle/working")


def test_cancelled_session_ends_at_once(tmp_path: Path) -> None:
    cancelled = threading.Event()
    source = "import time; print('begun', flush=True); time.sleep(60)"
    ran = Ran(tmp_path, source, cancelled=cancelled, emit=lambda entry: cancelled.set())
    assert ran.result.failure == "the session was cancelled"


def test_process_left_behind_does_not_hold_the_session_up(
    tmp_path: Path, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.rehearsal.clean_room.log.LINGER_SECONDS", 0.2)
    source = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3)
        print("too late", flush=True)
    os._exit(0)
os.wait()
print("done")
"""
    ran = Ran(tmp_path, source, CleanRoom(isolation=isolation))
    assert ran.result.status == "COMPLETE"
    assert ran.text() == "done\n"


def test_other_languages_are_refused(tmp_path: Path) -> None:
    assert Ran(tmp_path, "print(1)", language="r").result.failure == "the clean room runs python, not r"


@isolated
def test_packages_can_be_installed_though_python_is_read_only(tmp_path: Path) -> None:
    source = """
import os, pathlib, sys
wheel = pathlib.Path(os.environ["PIP_TARGET"], "brought.py")
wheel.write_text("NAME = 'brought'")
import brought
print(brought.NAME)
try:
    pathlib.Path(sys.prefix, "x").touch()
except OSError as error:
    print(error.strerror)
"""
    assert Ran(tmp_path, source).text() == "brought\nRead-only file system\n"


def test_isolation_that_does_not_work_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "works", lambda which, internet: False)
    choose.cache_clear()
    try:
        chosen = choose(internet=False)
        assert isinstance(chosen, NoIsolation) and len(chosen.gaps) == 4 + (os.geteuid() == 0)
        monkeypatch.setattr(sandbox, "works", lambda which, internet: not which.cuts_network)
        choose.cache_clear()
        assert "no network namespace" in choose(internet=False).gaps[0]
    finally:
        choose.cache_clear()


def test_environment_of_kaggles_image_has_to_be_built_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "KAGGLE", tmp_path)
    with pytest.raises(SettingError, match="make test-kaggle builds it"):
        Python.of("kaggle")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(Python.of("current").executable)
    assert Path(os.path.realpath(Python.of("current").executable)).is_relative_to(Python.of("kaggle").folders[-1])


def test_size_of_a_folder_counts_links_as_links(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_bytes(bytes(1000))
    (tmp_path / "link").symlink_to(tmp_path / "below" / "file")
    assert limits.size(tmp_path) == 1000 + len(str(tmp_path / "below" / "file"))


# Through the stand-in, with the official client


@contextmanager
def kaggle(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[KernelRun], KernelRun] = lambda run: run
) -> Iterator[tuple[Client, list[tuple[KernelRun, Path]]]]:
    """A stand-in whose kernels run in the clean room; yields a client and what ran where."""
    isolate(folder / "home", monkeypatch)
    room, ran = CleanRoom(), list[tuple[KernelRun, Path]]()

    def runner(run: KernelRun, place: Path) -> RunResult:
        result = room(change(run), place)
        ran.append((run, place))
        (folder / f"seen-{len(ran)}").mkdir()
        for path in result.output.glob("*.csv"):
            (folder / f"seen-{len(ran)}" / path.name).write_bytes(path.read_bytes())
        return result

    with StandIn(folder / "state", [hosted(folder / "data", "kernel")], runner=runner) as server:
        yield connect(server.url, username=USER, key=KEY), ran


def finished(client: Client, folder: Path, source: str, **fields: Any) -> tuple[Ref, KernelState, str]:
    built = kernel_folder(folder, source, competition_sources=["toy-kernel"], **fields)
    ref = client.kernels.push(built).ref
    status = wait_for(lambda: client.kernels.status(ref), until=lambda status: status.state.final, seconds=60)
    return ref, status.state, status.failure


PREDICT = """
import csv, os
from pathlib import Path
rows = list(csv.DictReader(open("/kaggle/input/competitions/toy-kernel/test.csv")))
with open("submission.csv", "w") as file:
    file.write("id,score\\n" + "".join(f"{row['id']},0.5\\n" for row in rows))
print(len(rows), os.environ.get("KAGGLE_IS_COMPETITION_RERUN"))
"""


@isolated
def test_kernel_and_its_hidden_rerun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kaggle(tmp_path, monkeypatch) as (client, ran):
        ref, state, _ = finished(client, tmp_path / "kernel", PREDICT)
        assert state is KernelState.COMPLETE
        assert [line.text for line in outputs.fetch(client, ref, tmp_path / "out").log] == ["10 None\n"]
        sent = client.competitions.submit_kernel("toy-kernel", ref, "submission.csv", "m")
        done = submit.await_score(
            client, "toy-kernel", sent, limit=60, clock=Clock(sleep=lambda seconds: time.sleep(0.02))
        )
    assert done.scored, done.reason
    assert [run.rerun for run, _ in ran] == [False, True]
    visible, hidden = ({row["id"] for row in read_csv(tmp_path / f"seen-{n}" / "submission.csv")} for n in (1, 2))
    assert len(hidden) == 3 * len(visible) and not hidden & visible


FAULTS = {
    "time": ("import time; time.sleep(60)", RunLimits(seconds=0.5), "longer than its limit"),
    "memory": ("x = bytearray(b'1' * 200_000_000); import time; time.sleep(60)",
               RunLimits(seconds=60, memory_bytes=100 * 2**20), "more memory"),
    "disk": ("open('big', 'wb').write(bytes(2_000_000))", RunLimits(seconds=60, disk_bytes=10**6), "may hold"),
    "network": ("import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)", RunLimits(seconds=60),
                "Network is unreachable"),
    "input": ("open('/kaggle/input/competitions/toy-kernel/test.csv', 'a')", RunLimits(seconds=60), "Read-only"),
}  # fmt: skip


@isolated
@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_a_kernel_is_reported_by_the_client(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, allowed, reason = FAULTS[fault]
    with kaggle(tmp_path, monkeypatch, lambda run: replace(run, limits=allowed)) as (client, _):
        _, state, failure = finished(client, tmp_path / "kernel", source)
    assert state is KernelState.ERROR
    assert reason in failure


@isolated
def test_kernel_that_prints_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "kept-to-myself-42")
    with kaggle(tmp_path, monkeypatch) as (client, _):
        ref, _, _ = finished(client, tmp_path / "kernel", "print('kept-to-myself-42', 'KGAT_0123456789abcdef')")
        log = "".join(line.text for line in client.kernels.log(ref))
    assert log == "*** KGAT_***\n"
    stored = b"".join(path.read_bytes() for path in (tmp_path / "state" / "sessions").rglob("*") if path.is_file())
    assert b"***" in stored and b"kept-to-myself" not in stored and b"0123456789abcdef" not in stored


@isolated
def test_kernel_that_leaves_no_submission_is_not_submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kaggle(tmp_path, monkeypatch) as (client, _):
        ref, state, _ = finished(client, tmp_path / "kernel", "open('other.csv', 'w')")
        assert state is KernelState.COMPLETE
        competition = hosted(tmp_path / "again", "kernel").competition
        with pytest.raises(NotFound, match=r"has no submission\.csv"):
            submit.submit(
                client, competition, ref, "m", ledger=Ledger(tmp_path / "ledger.csv"), confirm=lambda question: True
            )
        assert client.competitions.submissions("toy-kernel") == []
