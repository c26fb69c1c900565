"""Measure `best` for tables beside AutoGluon on the same rows, with the same processors and time.

    python -m venv ag && ag/bin/pip install "autogluon.tabular[catboost,lightgbm,xgboost]"
    python benchmarks/beside_autogluon.py --python ag/bin/python [--data DIR] [--only SLUG] [--minutes 3]

Each competition is described by `kit new`; `kit train --profile best --folds 0` gives the kit's score on fold 0, whose rows
AutoGluon (`medium_quality`) then predicts from all others. The two run one after the other, in turns. Prints one JSON line
for each competition. AutoGluon needs an environment of its own: it allows neither today's pandas nor today's scikit-learn.

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

import numpy
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
TABLES: dict[str, tuple[str, list[str], str]] = {  # the metric as kit new takes it, the targets, the key
    "spaceship-titanic": ("accuracy", ["Transported"], "PassengerId"),
    "nomad2018-predict-transparent-conductors": (
        "mean columnwise rmsle",
        ["formation_energy_ev_natom", "bandgap_energy_ev"],
        "id",
    ),
    "playground-series-s3e5": ("quadratic weighted kappa", ["quality"], "Id"),
    "playground-series-s3e13": ("map@3", ["prognosis"], "id"),
}


def main() -> None:
    """Measure and print, or be the process that trains AutoGluon."""
    if sys.argv[1:2] == ["--train"]:
        train(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="of an environment with AutoGluon")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "competitions")
    parser.add_argument("--only", default="", help=f"of: {', '.join(TABLES)}")
    parser.add_argument("--minutes", type=float, default=3.0, help="for each of the two (default: 3)")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"skipped: no competitions in {arguments.data}; give --data")
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "kit"
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "submissions", "build", "tests"))
        for slug in TABLES:
            if arguments.only in slug:
                print(
                    json.dumps(beside(project, arguments.data / slug, arguments.python, arguments.minutes)), flush=True
                )


def beside(project: Path, folder: Path, python: Path, minutes: float) -> dict[str, Any]:
    """Return both scores on fold 0 and the seconds of both."""
    name, run = folder.name.replace("-", "_"), project / "run"
    metric, targets, key = TABLES[folder.name]
    shutil.rmtree(run, ignore_errors=True)
    kit(project, "new", name, "--data", folder, "--metric", metric, "--yes")
    seconds = {
        "kit": kit(
            project, "train", name, "--data", folder, "--profile", "best", "--folds", "0",
            "--set", f"minutes={minutes}", "--out", run,
        )
    }  # fmt: skip
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    folds = pd.read_csv(run / "oof.csv", usecols=["id", "fold"], dtype={"id": str}, keep_default_na=False)
    asked = {"data": str(folder), "metric": metric, "targets": targets, "key": key, "seconds": minutes * 60,
             "held_back": folds.loc[folds["fold"] == 0, "id"].tolist(), "out": str(project / "autogluon")}  # fmt: skip
    (project / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    started = perf_counter()
    done = subprocess.run(
        [python, __file__, "--train", project / "asked.json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    seconds["autogluon"] = round(perf_counter() - started, 1)
    score = json.loads(done.stdout.splitlines()[-1])
    return {
        "competition": folder.name, "metric": metric, "rows": len(asked["held_back"]),
        "kit": record["folds"]["0"]["scores"], "autogluon": score, "seconds": seconds,
    }  # fmt: skip


def kit(project: Path, *words: object) -> float:
    """Run a command of the kit in the copy; return its seconds."""
    started = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "common.cli", *map(str, words)], cwd=project, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(project)}, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return round(perf_counter() - started, 1)


def train(path: Path) -> None:
    """Train AutoGluon on the rows that are not held back, and print its score on those that are."""
    from autogluon.tabular import TabularPredictor
    from sklearn.metrics import accuracy_score, cohen_kappa_score, root_mean_squared_log_error

    asked = json.loads(path.read_text(encoding="utf-8"))
    rows, test = (table(Path(asked["data"]), name) for name in ("train", "test"))
    held = rows[asked["key"]].astype(str).isin(asked["held_back"])
    features = [name for name in rows if name in test and name != asked["key"]]
    metric, scores = asked["metric"], []
    for target in asked["targets"]:
        skewed = metric == "mean columnwise rmsle"
        known = rows.loc[~held, [*features, target]]
        if skewed:
            known = known.assign(**{target: numpy.log1p(known[target])})
        predictor = TabularPredictor(
            target, path=f"{asked['out']}-{target}", verbosity=0,
            eval_metric={"accuracy": "accuracy", "map@3": "log_loss", "quadratic weighted kappa": "quadratic_kappa"}.get(
                metric, "root_mean_squared_error"
            ),
            problem_type={"quadratic weighted kappa": "multiclass"}.get(metric),
        )  # fmt: skip
        predictor.fit(known, time_limit=asked["seconds"] / len(asked["targets"]), presets="medium_quality")
        truth, inputs = rows.loc[held, target], rows.loc[held, features]
        if metric == "map@3":
            places = predictor.predict_proba(inputs).rank(axis=1, ascending=False, method="first")
            place = pd.Series([places.at[row, name] for row, name in truth.items()])
            scores.append(float((1 / place).where(place <= 3, 0.0).mean()))
        elif skewed:
            predicted = numpy.expm1(predictor.predict(inputs)).clip(lower=0)
            scores.append(root_mean_squared_log_error(truth, predicted))
        elif metric == "accuracy":
            scores.append(accuracy_score(truth, predictor.predict(inputs)))
        else:
            scores.append(cohen_kappa_score(truth, predictor.predict(inputs), weights="quadratic"))
    print(json.dumps(sum(scores) / len(scores)))


def table(folder: Path, name: str) -> pd.DataFrame:
    """Return a table of the competition, packed or not."""
    return pd.read_csv(next(path for path in folder.iterdir() if path.name.startswith(f"{name}.csv")))


if __name__ == "__main__":
    main()
