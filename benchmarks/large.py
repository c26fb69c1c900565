"""Measure the three commands on folders as large as large competitions: seconds and peak memory of each.

    python benchmarks/large.py [--only NAME] [--scale 1.0] [--keep DIR]

Folders are made by chance with a signal in them: a million rows of numbers and categories, 200 or 1,000 columns, short texts,
rides with dates and coordinates, 400 classes, 20,000 pictures, and a table of 1.5 GB, which is only described. Prints one
JSON line for each: seconds, those of a processor and peak memory (MiB) of kit new, kit train --profile baseline and kit
validate, and the score.
With --scale 0.1 they have a tenth of the rows; with --keep the folders and runs stay in DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
_TEST = 0.3  # as many test rows as of the training rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"of: {', '.join(FOLDERS)}")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = (arguments.keep or Path(scratch)).resolve()
        project = base / "kit"
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(".*", "submissions", "build", "tests"))
        for name, (rows, metric, make) in FOLDERS.items():
            if arguments.only and arguments.only != name:
                continue
            folder = base / name
            if not folder.is_dir():
                folder.mkdir(parents=True)
                make(folder, int(rows * arguments.scale), np.random.default_rng(0))
            print(json.dumps(measured(project, folder, metric)), flush=True)


def measured(project: Path, folder: Path, metric: str) -> dict[str, Any]:
    """Return what the three commands took."""
    name, run = folder.name, project.parent / f"{folder.name}-run"
    shutil.rmtree(run, ignore_errors=True)
    steps: dict[str, list[object]] = {
        "new": [name, "--data", folder, "--metric", metric, "--yes"],
        "train": [name, "--data", folder, "--profile", "baseline", "--out", run],
        "validate": [name, run / "submission.csv", "--data", folder],
    }
    result: dict[str, Any] = {"folder": name}
    for step, words in steps.items():
        if step != "new" and folder.name == "huge":
            break
        result[step], error = kit(project, step, *words)
        if error:
            return result | {"failed": f"{step}: {error}"}
    if (run / "run.json").is_file():
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        result |= {"scores": record["scores"], "warnings": record["warnings"]}
    return result


def kit(project: Path, *words: object) -> tuple[dict[str, float], str]:
    """Return the seconds, those of a processor and the peak memory (MiB) of a command, and the last line of its error."""
    began = perf_counter()
    command = [sys.executable, "-m", "common.cli", *map(str, words), "--json"]
    environment = os.environ | {"PYTHONPATH": str(project)}
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=told, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        told.seek(0)
        lines = told.read().strip().splitlines()
    error = (lines or ["no word"])[-1] if status else ""
    return {
        "seconds": round(perf_counter() - began, 1), "of a processor": round(used.ru_utime + used.ru_stime, 1),
        "MiB": used.ru_maxrss // 1024,
    }, error  # fmt: skip


# Folders ----------------------------------------------------------------------------------------------------------------


def _written(folder: Path, frame: pd.DataFrame, target: str, shown: object = 0.5) -> None:
    """Write a table with its column `id` as training rows, test rows, and a sample submission."""
    train = int(len(frame) / (1 + _TEST))
    frame.head(train).to_csv(folder / "train.csv", index=False)
    test = frame.iloc[train:]
    test.drop(columns=target).to_csv(folder / "test.csv", index=False)
    sample = pd.DataFrame({"id": test["id"], target: shown})
    sample.to_csv(folder / "sample_submission.csv", index=False)


def _with_id(columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"id": np.arange(len(next(iter(columns.values())))), **columns})


def _by_chance(rng: np.random.Generator, score: NDArray[Any]) -> NDArray[Any]:
    """Return 1 with a chance that rises with a score, 0 otherwise."""
    chosen: NDArray[Any] = rng.random(len(score)) < 1 / (1 + np.exp(-score))
    return chosen.astype(np.int64)


def _mixed(folder: Path, rows: int, rng: np.random.Generator) -> None:
    rows = int(rows * (1 + _TEST))
    numbers = rng.normal(size=(rows, 12)).round(6)
    words = rng.integers(0, [3, 5, 10, 20, 50, 200, 1000, 2], (rows, 8))
    columns: dict[str, Any] = {f"f_{at:02}": numbers[:, at] for at in range(12)}
    columns |= {f"c_{at}": np.char.add("v", words[:, at].astype(str)) for at in range(8)}
    score = numbers[:, 0] - numbers[:, 1] * numbers[:, 2] + (words[:, 3] % 4 - 1.5)
    _written(folder, _with_id(columns | {"target": _by_chance(rng, score)}), "target")


def _wide(columns: int) -> Callable[[Path, int, np.random.Generator], None]:
    def make(folder: Path, rows: int, rng: np.random.Generator) -> None:
        rows = int(rows * (1 + _TEST))
        numbers = rng.normal(10, 4, size=(rows, columns)).round(4)
        score = (numbers[:, :20] - 10) @ rng.normal(0, 0.1, 20)
        made = _with_id({f"var_{at}": numbers[:, at] for at in range(columns)})
        _written(folder, made.assign(target=_by_chance(rng, score)), "target")

    return make


def _texts(folder: Path, rows: int, rng: np.random.Generator) -> None:
    rows = int(rows * (1 + _TEST))
    words = np.array(["".join(rng.choice([*"etaoinshrdlucmfwyp"], rng.integers(2, 10))) for _ in range(30_000)])
    lengths = rng.integers(5, 75, rows).clip(max=40)
    common = (30_000 * rng.power(0.3, lengths.sum())).astype(int) % 30_000
    ends = lengths.cumsum()
    texts = [" ".join(words[common[end - n : end]]) for end, n in zip(ends, lengths, strict=True)]
    telling = (common >= 100) & (common < 130)
    counts = np.add.reduceat(telling, np.concatenate(([0], ends[:-1])))
    _written(folder, _with_id({"comment_text": texts, "toxic": _by_chance(rng, 3.0 * counts - 4.0)}), "toxic")


def _rides(folder: Path, rows: int, rng: np.random.Generator) -> None:
    rows = int(rows * (1 + _TEST))
    places = rng.normal([-73.97, 40.75, -73.97, 40.75], 0.04, (rows, 4)).round(6)
    times = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 365 * 86400, rows), unit="s")
    far = np.hypot(places[:, 0] - places[:, 2], places[:, 1] - places[:, 3])
    columns = {
        "pickup_datetime": times.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "pickup_longitude": places[:, 0], "pickup_latitude": places[:, 1],
        "dropoff_longitude": places[:, 2], "dropoff_latitude": places[:, 3],
        "passenger_count": rng.integers(1, 7, rows),
        "fare_amount": (2.5 + 150 * far + rng.gamma(2, 1, rows)).round(2),
    }  # fmt: skip
    _written(folder, _with_id(columns), "fare_amount", 11.35)


def _classes(folder: Path, rows: int, rng: np.random.Generator) -> None:
    rows = int(rows * (1 + _TEST))
    classes = (400 * rng.power(0.7, rows)).astype(int)
    centres = rng.normal(size=(400, 15))
    numbers = (centres[classes] + rng.normal(0, 0.7, (rows, 15))).round(5)
    columns: dict[str, Any] = {f"f_{at}": numbers[:, at] for at in range(15)}
    names = np.char.add("kind ", classes.astype(str))
    _written(folder, _with_id(columns | {"species": names}), "species", "kind 7")


def _pictures(folder: Path, rows: int, rng: np.random.Generator) -> None:
    from PIL import Image

    truth = rng.integers(0, 2, rows)
    frame = pd.DataFrame({"id": [f"{each:08x}.jpg" for each in rng.permutation(rows)], "has_cactus": truth})
    train = int(rows * 0.8)
    for name, part in (("train", frame.head(train)), ("test", frame.iloc[train:])):
        (folder / name).mkdir()
        for id, label in part.itertuples(index=False):
            pixels = rng.normal(120, 40, (32, 32, 3))
            pixels[8:24, 12:20, 1] += 40 * label
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / name / id)
    frame.head(train).to_csv(folder / "train.csv", index=False)
    frame.iloc[train:].assign(has_cactus=0.5).to_csv(folder / "sample_submission.csv", index=False)


FOLDERS: dict[str, tuple[int, str, Callable[[Path, int, np.random.Generator], None]]] = {
    "mixed": (1_000_000, "roc_auc", _mixed),
    "floats": (200_000, "roc_auc", _wide(200)),
    "columns": (20_000, "roc_auc", _wide(1_000)),
    "texts": (300_000, "roc_auc", _texts),
    "rides": (1_000_000, "rmse", _rides),
    "classes": (100_000, "accuracy", _classes),
    "pictures": (20_000, "roc_auc", _pictures),
    "huge": (900_000, "roc_auc", _wide(230)),
}

if __name__ == "__main__":
    main()
