"""What a decision learns from out-of-fold predictions, and how good it is where it was not learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.competition import Competition
from common.decisions.decision import Decision, positions
from common.decisions.scoring import scorer
from common.errors import MetricError
from common.metrics import get

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

Objective = Callable[[Decision], float]

_ROWS = 20_000  # to learn from: a threshold needs no more, and each of its values costs a pass over them
_FEW_ROWS = 5_000
_PICTURES = 40  # to learn a threshold of masks from: each of its values costs a pass over all their pixels
_LIKELIEST_IS_BEST = ("accuracy", "error_rate")


def learn(competition: Competition, decision: Decision, predictions: Any, rows: DataFrame) -> Decision:
    """Return the decision with what makes the metric best on these rows.

    Args:
        competition: names the metric.
        decision: as it is before.
        predictions: out of fold, (n, k) of all n rows or fewer.
        rows: the n training rows, with their targets.
    """
    import numpy as np

    if not decision.learns or competition.metric in _LIKELIEST_IS_BEST:
        return decision
    most = _PICTURES if decision.kind == "masks" else _ROWS
    if len(rows) > most:
        some = np.random.default_rng(0).choice(len(rows), most, replace=False)
        predictions, rows = predictions[some], rows.iloc[some]
    sign = 1 if get(competition.metric).greater_is_better else -1
    measured = scorer(competition, competition.metric, rows)

    def objective(trial: Decision) -> float:
        try:
            return sign * measured(trial.apply(predictions, rows, competition))
        except MetricError:
            return -np.inf

    match decision.kind:
        case "masks":
            if np.isin(predictions.values, (0, 255)).all():  # hard masks, for which every threshold is the same
                return decision
            return _best(objective, [decision, *(replace(decision, threshold=at) for at in (0.3, 0.4, 0.6, 0.7))])
        case "threshold":
            return _best(
                objective, [decision, *(replace(decision, threshold=at) for at in np.linspace(0.02, 0.98, 49))]
            )
        case "cuts":
            return _cuts(objective, decision, positions(predictions), rows, competition)
    return _weights(objective, decision, predictions)


def judge(
    competition: Competition, decision: Decision, predictions: Any, rows: DataFrame, folds: NDArray[Any]
) -> NDArray[Any]:
    """Return what is submitted for out-of-fold predictions (n, targets): each fold's by what the others teach.

    A single fold is cut in two halves, of which each teaches the other.
    """
    import numpy as np

    if not decision.learns:
        return decision.apply(predictions, rows, competition)
    if len(np.unique(folds)) == 1:
        folds = np.random.default_rng(0).permutation(len(rows)) % 2
    decided: NDArray[Any] = np.empty((len(rows), len(competition.submission.targets)), object)
    for fold in np.unique(folds):
        inside = folds == fold
        learnt = learn(competition, decision, predictions[~inside], rows[~inside])
        decided[inside] = learnt.apply(predictions[inside], rows[inside], competition)
    return decided


def _best(objective: Objective, trials: list[Decision]) -> Decision:
    """Return the best of several; of equally good ones the first."""
    return max(trials, key=objective)


def _weights(objective: Objective, decision: Decision, predictions: NDArray[float64]) -> Decision:
    """Return weights of the classes, found one class after another; of two classes only their ratio counts."""
    import numpy as np

    count = len(decision.classes)
    if count > 50:  # too many to be told apart by their scores
        return decision
    best = replace(decision, weights=(1.0,) * count)
    if count == 2:
        second = predictions.reshape(len(predictions), -1)[:, -1]
        cuts = np.unique(np.quantile(second, np.linspace(0.01, 0.99, 99)))
        return _best(objective, [best, *(replace(best, weights=(float(cut), float(1 - cut))) for cut in cuts)])
    for factors in (np.geomspace(1 / 8, 8, 13), np.geomspace(0.7, 1.4, 7)):
        for position in range(count):
            best = _best(objective, [best, *(_scaled(best, position, float(factor)) for factor in factors)])
    return best


def _scaled(decision: Decision, position: int, factor: float) -> Decision:
    weights = list(decision.weights)
    weights[position] *= factor
    return replace(decision, weights=tuple(weights))


def _cuts(
    objective: Objective, decision: Decision, values: NDArray[float64], rows: DataFrame, competition: Competition
) -> Decision:
    """Return cut points between ordered classes.

    Some give the classes the shares that they have in truth, others are half-way once predictions are stretched to the spread
    of the truth; from the better of both the simplex method of Nelder and Mead (1965) goes on. On few rows each of the three
    fits much chance, and their mean is better than any of them on rows that were not learnt from.
    """
    import numpy as np
    from scipy.optimize import minimize

    from common.decisions.classes import labels_of

    place = {label: position for position, label in enumerate(decision.classes)}
    codes = np.array([place[label] for (label,) in labels_of(competition, rows)])
    shares = np.cumsum(np.bincount(codes, minlength=len(decision.classes)))[:-1] / len(codes)
    stretch = max(values.std() / codes.std(), 1e-6)
    stretched = values.mean() + (np.arange(len(shares)) + 0.5 - codes.mean()) * stretch
    starts = [np.quantile(values, shares), stretched]

    def cut(at: NDArray[float64]) -> Decision:
        return replace(decision, cuts=tuple(np.sort(at).tolist()))

    start = max(starts, key=lambda at: objective(cut(at)))
    options: Any = {"maxfev": 150, "initial_simplex": _simplex(start)}

    def loss(at: Any) -> float:
        return -objective(cut(at))

    found = minimize(loss, start, method="Nelder-Mead", options=options).x
    return cut(found if len(rows) > _FEW_ROWS else np.mean([found, *starts], axis=0))


def _simplex(start: NDArray[float64]) -> NDArray[float64]:
    """Return the start and, for each cut, the start with that cut moved by a tenth of a class."""
    import numpy as np

    return start + np.vstack((np.zeros(len(start)), 0.1 * np.eye(len(start))))
