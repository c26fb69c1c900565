"""Measure training on ratings and on a table: the course's recipes as written against the kit, side by side in one run.

    python benchmarks/ratings.py [--data FOLDER] [--epochs 3] [--only ratings|table] [--rows N]

ratings: `CollabDataLoaders.from_df` and `collab_learner(dls, y_range=(0.5, 5.5))` against profile `course` of movielens.
table: `TabularDataLoaders.from_df` and `tabular_learner` against profile `course` of adult, from rows of text to batches
and through the epochs. Both train on the same nine tenths (ratings) or four fifths (table) of the rows by the same
schedule, and are measured on the same others. Prints one JSON line for each with the seconds of preparing and of an epoch,
and the metric; then the ratios. Without data it says so and ends. Imports are not counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="holds movielens and adult")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--only", choices=("ratings", "table"))
    parser.add_argument("--rows", type=int, help="only so many of the training rows")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # fastai's
    for what, folder, measure in (("ratings", "movielens", _ratings), ("table", "adult", _table)):
        if arguments.only in (None, what):
            if not (arguments.data / folder).is_dir():
                print(json.dumps({"what": what, "skipped": "no data; give --data"}))
                continue
            measure(arguments.data / folder, arguments)


def _ratings(folder: Path, arguments: argparse.Namespace) -> None:
    import numpy as np

    from common import data, registry
    from common.collab.course import CourseModel
    from common.config import resolve

    competition, models = registry.get("movielens"), registry.models("movielens")
    rows = data.read(competition, folder).training.sample(frac=1, random_state=0).head(arguments.rows or 10**9)
    valid, train = rows[: len(rows) // 10], rows[len(rows) // 10 :]

    def recipe(epochs: int) -> tuple[float, Callable[[], Any], Callable[[], float]]:
        from fastai.collab import CollabDataLoaders, collab_learner

        started = perf_counter()
        table = train[["userId", "movieId", "rating"]].reset_index(drop=True)
        dls = CollabDataLoaders.from_df(table, valid_pct=0.01, seed=42)
        learn = _silent(collab_learner(dls, y_range=(0.5, 5.5)))

        def score() -> float:
            known = valid[valid["movieId"].isin(dls.classes["movieId"]) & valid["userId"].isin(dls.classes["userId"])]
            said = learn.get_preds(dl=dls.test_dl(known[["userId", "movieId"]]))[0].numpy()
            return float(np.sqrt(np.mean((said.ravel() - known["rating"].to_numpy()) ** 2)))

        return perf_counter() - started, lambda: learn.fine_tune(epochs), score

    def kit(epochs: int) -> tuple[float, Callable[[], Any], Callable[[], float]]:
        config = resolve(competition, "course", [f"epochs={epochs}"])
        with tempfile.TemporaryDirectory() as place:
            model = CourseModel(models.task, config, _context(Path(place)))
            started = perf_counter()
            learn = model.learner(train, valid.head(800))
            seconds = perf_counter() - started

        def score() -> float:
            model.network = learn.model
            known = valid[valid["movieId"].isin(model.names.items) & valid["userId"].isin(model.names.users)]
            return float(np.sqrt(np.mean((model.predict(known) - known["rating"].to_numpy()) ** 2)))

        return seconds, lambda: learn.fine_tune(epochs), score

    _compare("ratings", "rmse", recipe, kit, arguments.epochs, frozen=1)


def _table(folder: Path, arguments: argparse.Namespace) -> None:
    import numpy as np
    import pandas as pd

    from common import data, registry
    from common.config import resolve
    from common.data.tables import read
    from common.tabular.course import CourseModel

    competition, models = registry.get("adult"), registry.models("adult")
    frames = data.read(competition, folder)
    rows = frames.training.sample(frac=1, random_state=0).head(arguments.rows or 10**9)
    valid, train = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    text = read(data.locate(folder, competition.files.train), name="adult.csv")[0]  # type: ignore[arg-type]
    config = resolve(competition, "course", [f"epochs={arguments.epochs}"])

    def recipe(epochs: int) -> tuple[float, Callable[[], Any], Callable[[], float]]:
        from fastai.tabular.core import Categorify, FillMissing, Normalize
        from fastai.tabular.data import TabularDataLoaders
        from fastai.tabular.learner import tabular_learner

        started = perf_counter()
        numbers = ["age", "fnlwgt", "education-num"]
        words = [name for name in config.columns if name not in numbers]  # type: ignore[attr-defined]
        table = text.loc[train.index.append(valid.index), [*words, *numbers, "salary"]].reset_index(drop=True)
        table[numbers] = table[numbers].apply(pd.to_numeric)
        dls = TabularDataLoaders.from_df(
            table, y_names="salary", cat_names=words, cont_names=numbers, procs=[Categorify, FillMissing, Normalize],
            valid_idx=list(range(len(train), len(table))), bs=64,
        )  # fmt: skip
        learn = _silent(tabular_learner(dls))
        seconds = perf_counter() - started

        def score() -> float:
            said, truth = learn.get_preds()
            return float((said.argmax(1) == truth.ravel()).float().mean())

        return seconds, lambda: learn.fit_one_cycle(epochs), score

    def kit(epochs: int) -> tuple[float, Callable[[], Any], Callable[[], float]]:
        from dataclasses import replace

        with tempfile.TemporaryDirectory() as place:
            context = replace(_context(Path(place)), classes=("<50k", ">=50k"))
            started = perf_counter()
            table = text.loc[train.index.append(valid.index)].reset_index(drop=True)
            for name in ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week"):
                table[name] = pd.to_numeric(table[name]).astype(float)
            prepared = models.prepare(replace(frames, train=table), config, context).frames.training
            model = CourseModel(models.task.resolved(context), config, context)
            learn = model.learner(prepared[: len(train)], prepared[len(train) :])
            seconds = perf_counter() - started

        def score() -> float:
            model.model = learn.model
            right = (model.predict(prepared[len(train) :]) > 0.5) == (valid["salary"] == ">=50k").to_numpy()
            return float(np.mean(right))

        return seconds, lambda: learn.fit_one_cycle(epochs), score

    _compare("table", "accuracy", recipe, kit, arguments.epochs, frozen=0)


def _compare(what: str, metric: str, recipe: Any, kit: Any, epochs: int, *, frozen: int) -> None:
    """Print seconds and metric of both, and the ratios of the kit's speed to the recipe's."""
    seconds: dict[str, dict[str, float]] = {}
    for name, make in (("recipe", recipe), ("kit", kit)):
        prepared, train, score = make(epochs)
        started, worked = perf_counter(), process_time()
        train()
        epoch, worked = ((now - before) / (epochs + frozen) for now, before in
                         ((perf_counter(), started), (process_time(), worked)))  # fmt: skip
        seconds[name] = {"prepared": prepared, "epoch": epoch, "both": prepared + epoch, "epoch, processor": worked}
        figures = {key: round(value, 3) for key, value in seconds[name].items()}
        print(json.dumps({"what": f"{what}, {name}", **figures, metric: round(score(), 4)}), flush=True)
    ratios = {key: round(seconds["recipe"][key] / value, 2) for key, value in seconds["kit"].items()}
    print(json.dumps({"what": f"speed of {what}, of the recipe's", **ratios}), flush=True)


def _silent(learn: Any) -> Any:
    from common.fastai.learner import quiet

    return quiet(learn)


def _context(folder: Path) -> Any:
    import io

    from common.environment import detect
    from common.model import Context
    from common.progress import Progress

    return Context.of("benchmark", detect(), folder, cache=folder, progress=Progress(io.StringIO(), live=False))


if __name__ == "__main__":
    main()
