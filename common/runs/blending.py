"""Several runs as one submission: each gets the weight that out-of-fold predictions give it.

Weights are found by ensemble selection: from nothing, whichever run improves the metric most is added, again and again
and with repetition; a run's weight is its share of the additions. Source: Caruana et al., "Ensemble Selection from
Libraries of Models" (2004). What is reported is cross-fitted: a fold is scored with weights that the other folds chose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import metrics, submission
from common.competition import Competition
from common.data import tables
from common.decisions import Decision, judge, learn
from common.decisions.scoring import score
from common.errors import RunError
from common.files import atomic_folder
from common.runs import oof
from common.runs.run import Run

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

STEPS = 25  # additions, so that weights are multiples of 0.04 at most; finer ones fit noise
RECORD = "blend.json"


@dataclass(frozen=True)
class Blend:
    """What a blend of k runs is and reaches.

    `weights` are those of the submission, chosen on all folds; `scores` are cross-fitted if there is more than one fold,
    `alone` each run's own on the same rows.
    """

    runs: tuple[str, ...]
    weights: tuple[float, ...]
    scores: dict[str, float]
    alone: tuple[dict[str, float], ...]
    rows: int
    cross_fitted: bool


Weigh = Callable[["NDArray[float64]", Callable[["NDArray[float64]"], float]], "NDArray[float64]"]
"""Returns the weights (k,) of k runs, from their predictions (k, n, columns) and what is to become as large as can be."""


def blend(competition: Competition, folders: Sequence[Path], out: Path, weigh: Weigh | None = None) -> Blend:
    """Write a blend of runs into a new folder: submission.csv, oof.csv and blend.json.

    Args:
        competition: the runs' competition.
        folders: of two or more runs with the same data and folds.
        out: the folder to make.
        weigh: finds the weights; by default ensemble selection.

    Raises:
        RunError: if the runs cannot be blended, or `out` exists.
    """
    import numpy as np

    weigh = weigh or select
    if out.exists():
        raise RunError(f"{out} exists; give --out another folder")
    runs = [_opened(competition, folder) for folder in folders]
    if len({run.folder.resolve() for run in runs}) < 2:
        raise RunError("a blend takes two different runs at least")
    frames, columns = _aligned(runs)
    parts = np.stack([frame[columns].to_numpy(float) for frame in frames])
    table, format = frames[0], competition.submission
    folds, rows = table["fold"].to_numpy(), _targets(table, competition)
    plain = Decision.plain(competition, tuple(runs[0].record.classes))

    def measured(name: str, some: Any, decided: Any) -> float:
        sent = submission.make(table["id"][some].tolist(), decided, format)[list(format.targets)].to_numpy()
        return score(competition, name, sent, rows[some])

    def objective(some: Any) -> Callable[[NDArray[float64]], float]:
        return lambda predictions: (
            sign * measured(competition.metric, some, plain.apply(predictions, rows[some], competition))
        )

    def judged(predictions: NDArray[float64]) -> dict[str, float]:
        decided = judge(competition, plain, predictions, rows, folds)
        return {name: measured(name, everywhere, decided) for name in names}

    sign = 1 if metrics.get(competition.metric).greater_is_better else -1
    everywhere, names = np.ones(len(table), bool), (competition.metric, *competition.also_report)
    crossed = np.empty_like(parts[0])
    for fold in np.unique(folds):
        inside = folds == fold
        others = everywhere if inside.all() else ~inside
        crossed[inside] = np.tensordot(weigh(parts[:, others], objective(others)), parts[:, inside], 1)
    chosen = weigh(parts, objective(everywhere))
    made = Blend(
        runs=tuple(run.folder.name for run in runs),
        weights=tuple(round(float(weight), 6) for weight in chosen),
        scores=judged(crossed),
        alone=tuple(judged(part) for part in parts),
        rows=len(table),
        cross_fitted=len(set(folds)) > 1,
    )
    learnt = learn(competition, plain, np.tensordot(chosen, parts, 1), rows)
    made_of = _submission(competition, runs, chosen, learnt)
    with atomic_folder(out) as folder:
        submission.write(made_of, folder / format.file_name, format)
        oof.write(folder, table["id"], folds, rows[list(competition.targets)], crossed)
        (folder / RECORD).write_text(json.dumps(vars(made), indent=1) + "\n", encoding="utf-8")
    return made


def select(parts: NDArray[float64], objective: Callable[[NDArray[float64]], float]) -> NDArray[float64]:
    """Return weights (k,) that sum to one, found by ensemble selection.

    Args:
        parts: predictions of k runs, (k, n, columns).
        objective: what is to become as large as can be, of predictions (n, columns).
    """
    import numpy as np

    counts, total = np.zeros(len(parts)), np.zeros_like(parts[0])
    best, best_counts = -np.inf, counts
    for step in range(1, STEPS + 1):
        found = [objective((total + part) / step) for part in parts]
        added = int(np.argmax(found))
        counts, total = counts + (np.arange(len(parts)) == added), total + parts[added]
        if found[added] > best:
            best, best_counts = found[added], counts
    return np.asarray(best_counts / best_counts.sum())


def average(parts: NDArray[float64], objective: Callable[[NDArray[float64]], float]) -> NDArray[float64]:
    """Return equal weights (k,) for k runs that differ by chance only."""
    import numpy as np

    return np.full(len(parts), 1 / len(parts))


def _opened(competition: Competition, folder: Path) -> Run:
    run = Run.open(folder, competition.name)
    if not (folder / competition.submission.file_name).is_file():
        raise RunError(f"{folder} has no submission yet; finish it first")
    return run


def _aligned(runs: list[Run]) -> tuple[list[DataFrame], list[str]]:
    """Return the runs' out-of-fold predictions of the rows that all of them have predicted, in one order.

    The names of the columns of predictions come with them.
    """
    read = [oof.read(run) for run in runs]
    frames, columns = [frame.set_index("id") for frame, _ in read], read[0][1]
    first, known = frames[0], frames[0].dropna().index
    for run, frame in zip(runs[1:], frames[1:], strict=True):
        if run.record.data != runs[0].record.data or list(frame.columns) != list(first.columns):
            raise RunError(f"{run.folder} and {runs[0].folder} are runs on different data; a blend needs the same")
        if not frame["fold"].reindex(first.index).equals(first["fold"]):
            raise RunError(
                f"{run.folder} and {runs[0].folder} have different folds, so that each has seen what the other is measured "
                "on; train one again with the other's split (--set split=default)"
            )
        known = known.intersection(frame.dropna().index, sort=False)
    if known.empty:
        raise RunError("no row was predicted out of fold by all of these runs; train the same folds")
    return [frame.loc[known].reset_index() for frame in frames], columns


def _targets(table: DataFrame, competition: Competition) -> DataFrame:
    """Return the target columns of out-of-fold predictions under the names that they have in the training table."""
    if competition.predicts == "span" or competition.metric_columns:
        raise RunError(
            f"runs of {competition.name} cannot be blended: its score takes more than predictions and targets"
        )
    single = len(competition.targets) == 1
    return table[[oof.TARGET if single else f"{oof.TARGET}_{name}" for name in competition.targets]].set_axis(
        list(competition.targets), axis=1
    )


def _submission(competition: Competition, runs: list[Run], weights: NDArray[float64], decision: Decision) -> DataFrame:
    """Return what is decided for the weighted mean of the runs' predictions of the test set."""
    import numpy as np
    import pandas as pd

    format = competition.submission
    file = format.file_name if format.numeric else oof.TEST_FILE
    frames = [tables.read(run.folder / file, format.separator)[0].set_index(format.id) for run in runs]
    order = frames[0].index
    columns = [name for name in frames[0] if name not in format.echoed]
    mean = np.tensordot(weights, np.stack([frame.loc[order, columns].to_numpy(float) for frame in frames]), 1)
    decided = mean if format.numeric else decision.apply(mean, pd.DataFrame(index=order), competition)
    made = submission.make(list(order), decided, format)
    made = made.assign(**{name: frames[0][name].to_numpy() for name in format.echoed})
    return made[list(format.columns)]
