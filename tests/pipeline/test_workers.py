"""Folds on Ray's workers on this machine: the same bytes, what fails, and what anybody else could reach."""

from __future__ import annotations

import io
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from common import environment, registry
from common.config import resolve
from common.deadline import Deadline
from common.errors import RunError, SettingError
from common.pipeline import steps, travel, workers
from common.pipeline.request import Request
from common.pipeline.seeds import run_seeds
from common.progress import Progress
from common.runs.ledger import Ledger
from common.runs.run import Run
from common.workers import Task, Workers, count
from competitions.patent import sample

# Ray 2.55 leaves files and processes to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COMPETITION = registry.get("patent")
CODE = "timeit:timeit"  # runs code that it is given


@pytest.fixture(scope="module")
def started() -> Iterator[Workers]:
    """Two workers, which start with the first test that needs them."""
    with Workers(asked=2, progress=Progress(io.StringIO(), live=False)) as running:
        yield running


@pytest.fixture
def request_of(tmp_path: Path) -> Request:
    sample.make(tmp_path / "data", 96, 0)
    return Request(
        competition=COMPETITION,
        profile="baseline",
        config=resolve(COMPETITION, "baseline", ["trees.max_iter=4", "trees.components=4", "split.n_splits=3"]),
        data=tmp_path / "data",
        environment=environment.detect({"KIT_ENVIRONMENT": f"place=local root={tmp_path} internet=off"}),
        progress=Progress(io.StringIO(), live=False),
        out=tmp_path / "run",
    )


def told(request: Request) -> str:
    return request.progress.stream.getvalue()  # type: ignore[attr-defined,no-any-return]


def on(started: Workers, request: Request) -> Run:
    return steps.run(request, partial(workers.train_folds, started))


def code(text: str) -> Task:
    return Task("some work", lambda: {"stmt": text, "number": 1})


@pytest.mark.slow
def test_folds_on_workers_make_the_run_that_one_process_makes(
    started: Workers, request_of: Request, tmp_path: Path
) -> None:
    two = on(started, request_of)
    one = steps.run(replace(request_of, out=tmp_path / "other"))
    assert two.finished() == one.finished() == [0, 1, 2]
    for name in ("oof.csv", "submission.csv", "folds.csv"):
        assert (two.folder / name).read_bytes() == (one.folder / name).read_bytes()
    assert two.record.scores == one.record.scores
    assert two.record.status == "finished"
    assert sorted(path.name for path in two.folder.iterdir()) == sorted(path.name for path in one.folder.iterdir())
    (entry,) = [row for row in Ledger(request_of.submissions / "ledger.csv").rows() if row["run"] == "run"]
    assert entry["folds"] == "0 1 2"
    assert all(told(request_of).count(f"fold {number}: pearson") == 2 for number in range(3))


@pytest.mark.slow
def test_what_is_there_is_kept_and_a_passed_deadline_begins_no_more_folds(
    started: Workers, request_of: Request
) -> None:
    steps.run(replace(request_of, config=replace(request_of.config, folds=(1,))))
    late = on(started, replace(request_of, deadline=Deadline.after(0)))
    assert late.finished() == [1]
    assert late.record.status == "stopped by the deadline"
    assert "no time for fold 0" in told(request_of)
    assert on(started, request_of).finished() == [0, 1, 2]


@pytest.mark.slow
def test_a_users_mistake_is_the_error_in_one_line(started: Workers, request_of: Request) -> None:
    with pytest.raises(RunError, match=r"^some work: unknown competition 'nothing'.* Known: [^\n]+$"):
        list(started.each("common.registry:get", [Task("some work", lambda: {"name": "nothing"})]))


@pytest.mark.slow
def test_work_whose_process_is_killed_is_done_again(started: Workers, tmp_path: Path) -> None:
    once = f"import os, pathlib; f = pathlib.Path({str(tmp_path / 'f')!r}); f.exists() or (f.touch(), os.kill(os.getpid(), 9))"
    ((task, answer),) = started.each(CODE, [code(once)])
    assert task.title == "some work"
    assert answer >= 0
    assert (tmp_path / "f").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [("import os; os.abort()", "WorkerCrashedError"), ("raise OSError('no luck')", "failed 2 times: OSError: no luck")],
)
def test_work_that_fails_twice_ends_with_its_last_words(started: Workers, text: str, words: str) -> None:
    with pytest.raises(RunError, match=words) as caught:
        list(started.each(CODE, [code(text), code("import time; time.sleep(3600)")]))
    assert "\n" not in str(caught.value)
    assert len(list(started.each(CODE, [code(""), code("")]))) == 2  # the sleeper has made room


@pytest.mark.slow
def test_nobody_else_can_reach_workers(started: Workers) -> None:
    list(started.each(CODE, [code("")]))
    addresses = set()
    for each in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # some live for a moment
            listening = [at for at in each.net_connections("inet") if at.status == psutil.CONN_LISTEN]
            addresses |= {at.laddr.ip.removeprefix("::ffff:") for at in listening}
    assert addresses == {"127.0.0.1"}
    with pytest.raises(ConnectionRefusedError):  # where the dashboard would be
        socket.create_connection(("127.0.0.1", 8265))
    token = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.slow
def test_each_worker_computes_with_its_share_of_the_processors(started: Workers) -> None:
    share = f"import os; assert os.environ['OMP_NUM_THREADS'] == {str(started.threads)!r}"
    assert len(list(started.each(CODE, [code(share)]))) == 1


@pytest.mark.slow
def test_ctrl_c_ends_all_that_was_started_and_leaves_the_environment_as_it_was() -> None:
    program = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from common.progress import Progress
from common.workers import Task, Workers
before = dict(os.environ), signal.getsignal(signal.SIGTERM)
call = "import socket; socket.create_connection(('127.0.0.1', PORT)); import time; time.sleep(3600)"
work = {"stmt": call.replace("PORT", os.environ["PORT"]), "number": 1}
with Workers(asked=1, progress=Progress()) as before_that:  # a process may start workers more than once
    list(before_that.each("timeit:timeit", [Task("nothing", lambda: {"stmt": "1", "number": 1})]))
assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == before
try:
    with Workers(asked=1, progress=Progress()) as started:
        list(started.each("timeit:timeit", [Task("sleep", lambda: work)]))
except KeyboardInterrupt:
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == before
    print("as before")
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environ = {**os.environ, "PORT": str(listener.getsockname()[1])}
        process = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, text=True)
        with listener.accept()[0]:
            below = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
    assert out.endswith("as before\n")
    assert len(below) > 2
    _, alive = psutil.wait_procs(below, timeout=20)
    assert not alive


@pytest.mark.slow
def test_seeds_are_runs_and_their_average(request_of: Request) -> None:
    made = run_seeds(replace(request_of, out=None), [1, 0], 1)
    assert [run.record.settings["seed"] for run in made.runs] == [1, 0]
    assert made.blend.weights == (0.5, 0.5)
    assert (made.blend.run.folder / "submission.csv").is_file()
    again = run_seeds(replace(request_of, out=None), [1, 0], 1)
    assert again.blend.run.folder == made.blend.run.folder
    assert {run.folder for run in again.runs} == {run.folder for run in made.runs}
    with pytest.raises(SettingError, match="two different seeds"):
        run_seeds(request_of, [1, 1], 1)


def test_how_many_workers_are_asked_for() -> None:
    here = environment.detect({"KIT_ENVIRONMENT": "place=local gpus=0"})
    assert count("3", here) == 3
    assert count("3", here, tasks=2) == 2
    assert 1 <= int(count("auto", here)) <= environment.cpu_count()
    assert count("ray://somewhere:10001", here) == "ray://somewhere:10001"
    for wrong in ("0", "-1", "two", "http://somewhere"):
        with pytest.raises(SettingError, match="--workers takes"):
            count(wrong, here)


@pytest.mark.slow
def test_sources_travel_in_the_same_bytes_and_without_what_training_does_not_need() -> None:
    sent = travel.bundle("patent")
    assert sent == travel.bundle("patent")
    assert b"competitions/patent/model.py" in sent
    assert b"competitions/imdb" not in sent
