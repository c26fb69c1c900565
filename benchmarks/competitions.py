"""Measure the way from a folder of Kaggle's files to a valid submission: kit new, kit train, kit validate.

    python benchmarks/competitions.py [--data DIR] [--only SLUG] [--profile baseline] [--out DIR]

Each competition is described, trained and validated in a copy of the project, by the three commands and with nothing written
by hand; the metric is named, as its page does. Prints one JSON line for each: minutes of each command, CV, whether the
submission is valid, what was guessed. With --out the submissions are kept there.

The data defaults to ../shared/data/competitions beside the repository; without it, it says so and ends.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
METRICS = {
    "spaceship-titanic": "accuracy",
    "spooky-author-identification": "log_loss",
    "nomad2018-predict-transparent-conductors": "mean columnwise rmsle",
    "aerial-cactus-identification": "roc_auc",
    "playground-series-s3e5": "quadratic weighted kappa",
    "playground-series-s3e13": "map@3",
    "random-acts-of-pizza": "auc",
    "tweet-sentiment-extraction": "word_jaccard",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "competitions")
    parser.add_argument("--only", default="", help=f"of: {', '.join(METRICS)}")
    parser.add_argument("--profile", default="baseline")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folders = [arguments.data / slug for slug in METRICS if arguments.only in slug]
    if not all(folder.is_dir() for folder in folders):
        sys.exit(f"skipped: no competitions in {arguments.data}; give --data")
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "kit"
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "submissions", "build", "tests"))
        for folder in folders:
            print(json.dumps(measured(project, folder, arguments.profile, arguments.out)), flush=True)


def measured(project: Path, folder: Path, profile: str, out: Path | None) -> dict[str, Any]:
    """Return what the three commands took and gave."""
    name, minutes = folder.name.replace("-", "_"), {}
    new, minutes["new"] = kit(project, "new", name, "--data", folder, "--metric", METRICS[folder.name], "--yes")
    result: dict[str, Any] = {"competition": folder.name, "profile": profile}
    if new is None:
        return result | {"minutes": minutes, "failed": "new"}
    run = project / "run"
    shutil.rmtree(run, ignore_errors=True)
    record, minutes["train"] = kit(project, "train", name, "--data", folder, "--profile", profile, "--out", run)
    if record is None:
        return result | {"minutes": minutes, "failed": "train"}
    problems, minutes["validate"] = kit(project, "validate", name, run / "submission.csv", "--data", folder)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run / "submission.csv", out / f"{folder.name}-{profile}.csv")
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    return result | {
        "scores": record["scores"], "rows": record["rows_scored"], "valid": problems is not None, "minutes": minutes,
        "application": new["application"], "warnings": record["warnings"],
    }  # fmt: skip


def kit(project: Path, *words: object) -> tuple[Any, float]:
    """Return what a command says with --json, or None where it failed, and how many minutes it took."""
    began = perf_counter()
    command = [sys.executable, "-m", "common.cli", *map(str, words), "--json"]
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(project)}
    )
    minutes = round((perf_counter() - began) / 60, 2)
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.stdout, file=sys.stderr)
        return None, minutes
    return json.loads(done.stdout), minutes


if __name__ == "__main__":
    main()
