"""Measure the simple parts of the kit side by side for 100,000 and 1,000,000 rows, and its start-up.

    python benchmarks/core.py [--only TEXT] [--repeat 5]

Prints one JSON line per measurement: seconds at each number of rows (the best of some calls, which disturbs least when
others use the machine), how much ten times the rows cost, and the peak memory of the whole process in MiB (libraries
and input included). Every measurement has a fresh process, warmed up on a thousand rows, so that imports do not count.
The start-up of the command is the median of twenty.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = (100_000, 1_000_000)
STARTS = 20
AT_LEAST = 0.5  # seconds of calls, so that short ones are not measured by chance

Call = Callable[[], object]


def cases() -> Iterator[tuple[str, Callable[[int], Call]]]:
    """Yield each measurement's name and a function that prepares the call to measure for a number of rows."""
    from common.metrics import METRICS

    for name, settings in SPLITS.items():
        yield f"split {name}", lambda rows, settings=settings: split_call(rows, settings)
    for name, metric in METRICS.items():
        if metric.prediction == "mask":  # a row is a picture: there are thousands, not millions
            continue
        yield f"metric {name}", lambda rows, name=name: metric_call(rows, name)
    yield "metric accuracy of text", lambda rows: metric_call(rows, "accuracy", text=True)
    for name in ("log_loss", "roc_auc"):
        yield f"metric {name} of five classes", lambda rows, name=name: metric_call(rows, name, classes=5)
    for step in ("make", "write", "validate", "diagnose"):
        yield f"submission {step}", lambda rows, step=step: submission_call(rows, step)
    yield "leakage check", leakage_call


SPLITS: dict[str, dict[str, Any]] = {
    "random": {"kind": "random"},
    "random holdout": {"kind": "random", "holdout": 0.25},
    "stratified by label": {"kind": "stratified", "stratify": "label"},
    "stratified by number": {"kind": "stratified", "stratify": "number"},
    "group of 100 rows": {"kind": "group", "group": "group100"},
    "group of 10 rows": {"kind": "group", "group": "group10"},
    "group of 1 row": {"kind": "group", "group": "text"},
    "stratified_group of 100 rows": {"kind": "stratified_group", "group": "group100", "stratify": "label"},
    "stratified_group of 10 rows": {"kind": "stratified_group", "group": "group10", "stratify": "label"},
    "stratified_group of 10 rows by number": {"kind": "stratified_group", "group": "group10", "stratify": "number"},
    "time": {"kind": "time", "order": "time"},
    "folder": {"kind": "folder", "column": "path"},
    "column": {"kind": "column", "column": "fold"},
}


def split_call(rows: int, settings: dict[str, Any]) -> Call:
    """Prepare the fold column of one kind."""
    import numpy as np
    import pandas as pd

    from common.competition import Split
    from common.splits.folds import make_folds

    rng = np.random.default_rng(0)
    columns: dict[str, Callable[[], Any]] = {
        "label": lambda: rng.choice(["a", "b", "c", "d", "e"], rows),
        "number": lambda: rng.normal(size=rows),
        "group100": lambda: np.char.add("group ", rng.integers(0, rows // 100, rows).astype(str)),
        "group10": lambda: np.char.add("group ", rng.integers(0, rows // 10, rows).astype(str)),
        "text": lambda: np.char.add("row ", rng.permutation(rows).astype(str)),
        "time": lambda: rng.integers(0, 10**9, rows),
        "path": lambda: np.where(rng.random(rows) < 0.2, "data/valid/a.png", "data/train/a.png"),
        "fold": lambda: rng.integers(0, 5, rows),
    }
    used = [value for value in settings.values() if value in columns] or ["number"]
    frame = pd.DataFrame({name: columns[name]() for name in used})
    return lambda: make_folds(frame, Split(**settings))


def metric_call(rows: int, name: str, text: bool = False, classes: int = 2) -> Call:
    """Prepare one metric, of probabilities for those that take them."""
    import numpy as np

    from common.metrics import get, score

    rng = np.random.default_rng(0)
    metric = get(name)
    columns = {"weight": rng.random(rows), "group": rng.integers(0, 1000, rows)}
    labels = rng.integers(0, classes, rows)
    truth: Any
    predicted: Any
    if metric.prediction == "number":
        truth = rng.random((rows, 2) if metric.jointly else rows)
        predicted = truth[::-1]
    elif metric.prediction in ("scores", "distribution"):
        truth, predicted = np.eye(5)[rng.integers(0, 5, rows)], rng.dirichlet(np.ones(5), rows)
    elif metric.prediction == "labels":
        truth = [list("abc"), list("cab")] * (rows // 2)
        predicted = truth[::-1]
    elif metric.prediction == "text":
        truth = ["a few words", "and some other words"] * (rows // 2)
        predicted = truth[::-1]
    elif classes > 2:
        truth, predicted = labels, rng.dirichlet(np.ones(classes), rows)
    elif text:
        truth = np.array(["cat", "dog"], dtype=object)[labels]
        predicted = truth[::-1]
    else:
        truth, predicted = labels, labels[::-1] if metric.prediction == "label" else rng.random(rows)
    return lambda: score(name, truth, predicted, columns=columns)


def submission_call(rows: int, step: str) -> Call:
    """Prepare making, writing or validating a submission of one number per row, or one with spaces around every cell."""
    import numpy as np

    from common import submission
    from common.competition import Cell, SubmissionFormat
    from common.submission.checks import validate

    format = SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1))
    ids = np.char.add("row_", np.arange(rows).astype(str)).tolist()
    numbers = np.random.default_rng(0).random(rows)
    if step == "make":
        return lambda: submission.make(ids, numbers, format)
    frame = submission.make(ids, numbers, format)
    folder = Path(tempfile.mkdtemp())
    path, sample = folder / "submission.csv", folder / "sample_submission.csv"
    TEMPORARY.append(folder)
    submission.write(frame, path, format)
    if step == "write":
        return lambda: submission.write(frame, path, format)
    submission.write(frame.assign(score=0.5), sample, format)
    if step == "diagnose":
        path.write_text(path.read_text(encoding="utf-8").replace(",", " , "), encoding="utf-8")

    def checked() -> None:
        assert bool(validate(path, sample, format)) == (step == "diagnose")

    return checked


TEMPORARY: list[Path] = []


def leakage_call(rows: int) -> Call:
    """Prepare the leakage check of short phrases and a label, in groups of twenty rows."""
    import numpy as np
    import pandas as pd

    from common.competition import Split
    from common.splits.leakage import check

    rng = np.random.default_rng(0)
    words = np.array(["".join(rng.choice(list("abcdefghijklmnop"), 7)) for _ in range(5000)], dtype=object)
    first, second, third = (words[rng.integers(0, len(words), rows)] for _ in range(3))
    group = rng.integers(0, rows // 20, rows)
    frame = pd.DataFrame(
        {"text": first + " " + second + " " + third, "label": rng.integers(0, 2, rows), "group": group}
    )
    return lambda: check(frame, group % 5, Split(kind="group", group="group"), inputs=["text", "label"], group="group")


def measure(name: str, rows: int, repeat: int) -> None:
    """Print seconds and peak memory of one case; runs in its own process."""
    prepare = dict(cases())[name]
    prepare(1000)()
    call = prepare(rows)
    seconds: list[float] = []
    while len(seconds) < repeat or sum(seconds) < AT_LEAST:
        start = perf_counter()
        call()
        seconds.append(perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    for folder in TEMPORARY:
        shutil.rmtree(folder)
    print(json.dumps({"seconds": min(seconds), "peak": peak}))


def in_fresh_process(name: str, rows: int, repeat: int) -> dict[str, float]:
    """Return what `measure` prints."""
    command = [sys.executable, __file__, "--measure", name, str(rows), "--repeat", str(repeat)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def start_up(*arguments: str) -> float | None:
    """Return the median seconds of a warm start of the `kit` command, or None where it is not installed."""
    kit = Path(sys.executable).with_name("kit")
    if not kit.exists():
        return None
    seconds = []
    for _ in range(STARTS + 1):
        start = perf_counter()
        subprocess.run([kit, *arguments], check=True, capture_output=True)
        seconds.append(perf_counter() - start)
    return median(seconds[1:])


def main() -> None:
    """Run every measurement whose name contains the text given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only what has this text in its name")
    parser.add_argument("--repeat", type=int, default=5, help="calls per measurement; the best counts")
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if options.measure:
        measure(options.measure[0], int(options.measure[1]), options.repeat)
        return

    for name in [name for name, _ in cases() if options.only in name]:
        few, many = (in_fresh_process(name, rows, options.repeat) for rows in ROWS)
        line: dict[str, Any] = {
            "what": name,
            "rows": ROWS,
            "seconds": [round(each["seconds"], 4) for each in (few, many)],
        }
        line["growth"] = round(many["seconds"] / few["seconds"], 1)
        line["peak_mib"] = [round(each["peak"]) for each in (few, many)]
        print(json.dumps(line), flush=True)
    for arguments in (["--help"], ["list"]):
        name = f"start-up kit {arguments[0]}"
        if options.only in name:
            seconds = start_up(*arguments)
            line = {"what": name, "skipped": "no kit command beside this Python"}
            if seconds is not None:
                line = {"what": name, "seconds": round(seconds, 4)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
