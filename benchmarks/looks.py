"""Measure what one looks at between two runs, at the sizes that it has to bear.

    python benchmarks/looks.py [--only board|report|blend]

board: 10,000 runs of a ledger, within 1 s. report: a page of 1,000,000 OOF rows, within 20 s and 2 GiB. blend: 20 runs of
1,000,000 OOF rows and as many test rows by each method, within 60 s and 4 GiB.

Prints one JSON line per measurement: seconds of the command in a fresh process, its start included, the seconds that processors
worked on it (which other work on the machine changes least), and its peak memory in MiB.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
ROWS, RUNS, LINES = 1_000_000, 20, 10_000
CALL = "import resource, sys; from common.cli import main; code = main(); " \
    "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(code)"  # fmt: skip


def ledger(home: Path) -> None:
    """Write a ledger of many runs, each line as `Ledger.add` writes it."""
    from common.runs.ledger import FIELDS, Ledger

    path = home / "submissions" / "patent" / "ledger.csv"
    Ledger(path).add("run", run="first", profile="best", settings="epochs=3", data="data", metric="pearson", cv=0.5,
                     folds="0 1 2 3", fold_scores="0.5 0.51 0.49 0.5", nothing=0.0, rows=29_570, seconds=60)  # fmt: skip
    line = path.read_text().splitlines()[1].split(",")
    with path.open("a") as handle:
        for number in range(LINES - 1):
            line[FIELDS.index("run")], line[FIELDS.index("cv")] = f"best-{number:08x}", f"{0.5 + number / 1e5:.5f}"
            handle.write(",".join(line) + "\n")


def run(folder: Path, seed: int) -> None:
    """Write a finished run of patent: the truth and noise."""
    import numpy as np
    import pandas as pd

    from common.runs.records import Code, Fold, RunRecord, Submission

    truth = np.random.default_rng(0).integers(0, 5, ROWS) / 4
    rng = np.random.default_rng(seed)
    folds = np.arange(ROWS) % 5
    folder.mkdir(parents=True)
    predicted = np.clip(truth + 0.5 * rng.normal(size=ROWS), 0, 1)
    table = pd.DataFrame(
        {"id": [f"{row:08x}" for row in range(ROWS)], "fold": folds, "target": truth, "prediction": predicted}
    )
    table.to_csv(folder / "oof.csv", index=False)
    sent = pd.DataFrame({"id": table["id"], "score": np.clip(rng.normal(0.4, 0.2, ROWS), 0, 1)})
    sent.to_csv(folder / "submission.csv", index=False)
    record = RunRecord(
        competition="patent", profile="best", metric="pearson", settings={"seed": seed}, data={"train.csv": "abc"},
        code=Code(hash="", files={}), folds={k: Fold(rows=ROWS // 5, scores={"pearson": 0.6}) for k in range(5)},
        scores={"pearson": 0.6}, rows_scored=ROWS, seconds={"fit": 60.0},
        submission=Submission(file="submission.csv", sha256="", rows=ROWS),
    )  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record.to_json()))


def measured(what: str, home: Path, *words: object) -> dict[str, object]:
    """Run a command in a fresh process and return its seconds and peak memory."""
    environ = os.environ | {"KIT_ENVIRONMENT": f"place=local root={home} internet=off", "PYTHONPATH": str(ROOT)}
    started, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", CALL, *map(str, words)], env=environ, capture_output=True, text=True)
    seconds, after = perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0, done.stderr
    peak = int(done.stderr.split()[-1]) // 1024
    return {"what": what, "seconds": round(seconds, 2), "cpu_seconds": round(worked, 2), "peak_mib": peak}


def figures(home: Path, only: str) -> Iterator[dict[str, object]]:
    """Yield the measurements whose name contains the text given."""
    if only in "board":
        ledger(home)
        yield measured("board of 10,000 runs", home, "board", "patent")
    runs = [home / "runs" / f"{seed}" for seed in range(RUNS)]
    if only in "report":
        run(home / "single", 99)
        measured("warm up", home, "report", home / "single")  # the charts' library is made once
        yield measured("report of 1,000,000 rows", home, "report", home / "single")
    if only in "blend":
        for seed, folder in enumerate(runs):
            run(folder, seed)
        for method in ("mean", "rank", "weights", "hill-climb", "stack"):
            out = home / "blends" / method
            yield measured(
                f"{method} of 20 runs of 1,000,000 rows",
                home,
                "blend",
                "patent",
                *runs,
                "--method",
                method,
                "--out",
                out,
            )


def main() -> None:
    """Print every measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="measure only what has this text in its name")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(folder), options.only):
            print(json.dumps(figure), flush=True)


if __name__ == "__main__":
    main()
