"""How several runs' predictions become one: methods that learn from out-of-fold predictions.

mean: each run counts the same. rank: so does each run's order of the rows; what is predicted are the runs' mean values in the
mean order. weights: those that make the metric best, by Powell's method from equal ones. hill-climb: from nothing, whichever
run improves the metric most is added, again and again and with repetition (Caruana et al., "Ensemble Selection from Libraries
of Models", 2004). stack: a linear model of the runs' predictions (Wolpert, "Stacked generalization", 1992).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from common.competition import Competition
from common.decisions import labels_of
from common.decisions.masks import resized
from common.errors import RunError
from common.masks import soft
from common.masks.soft import SoftMasks

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

Method = Literal["mean", "rank", "weights", "hill-climb", "stack"]
METHODS: tuple[Method, ...] = ("mean", "rank", "weights", "hill-climb", "stack")
Objective = Callable[["NDArray[float64]"], float]
STEPS = 25  # additions, so that weights are multiples of 0.04 at most; finer ones fit noise
_EVALUATIONS = 1_500  # of Powell's method
_LEAST = 1e-6  # a probability before its logarithm is taken


class Mix:
    """What makes one prediction (n, width) of those of k runs (k, n, width); `weights` (k,) sum to one."""

    def __init__(self, weights: NDArray[float64], *, ranks: bool = False) -> None:
        self.weights, self.ranks = weights, ranks

    def apply(self, parts: Any) -> Any:
        """Return the mixture."""
        import numpy as np

        return ranked(parts) if self.ranks else np.tensordot(self.weights, parts, 1)


class MaskMix(Mix):
    """The mean of k runs' soft masks, each picture at the largest size that a run has it at."""

    def apply(self, parts: Any) -> SoftMasks:
        """Return the mean of the masks (k,) of the same pictures."""
        import numpy as np

        sizes = np.max([part.shapes[:, 1:] for part in parts], axis=0).tolist()

        def alike(part: SoftMasks) -> SoftMasks:
            return SoftMasks.of(resized(mask, (size[0], size[1])) for mask, size in zip(part, sizes, strict=True))

        return soft.mean(map(alike, parts))


class Stack(Mix):
    """Linear models: one of all classes (`joint`), else one for each column; `weights` are shares of their coefficients.

    Probabilities (`chances`) are looked at as log odds.
    """

    def __init__(self, models: list[Any], weights: NDArray[float64], *, joint: bool, chances: bool) -> None:
        super().__init__(weights)
        self.models, self.joint, self.chances = models, joint, chances

    def apply(self, parts: NDArray[float64]) -> NDArray[float64]:
        """Return what the models predict."""
        import numpy as np

        inputs = [_inputs(parts, column, self.joint, self.chances) for column in range(len(self.models))]
        if not self.chances:
            return np.column_stack([model.predict(each) for model, each in zip(self.models, inputs, strict=True)])
        if self.joint:
            return np.asarray(self.models[0].predict_proba(inputs[0]))
        made = [model.predict_proba(each)[:, 1] for model, each in zip(self.models, inputs, strict=True)]
        return np.column_stack(made)


def equal(competition: Competition, method: Method, count: int) -> Mix | None:
    """Return the mixture of methods that learn nothing, in which each of `count` runs counts the same; None for others.

    Raises:
        RunError: for a method that masks do not allow.
    """
    import numpy as np

    weights = np.full(count, 1 / count)
    if competition.predicts == "masks":
        if method != "mean":
            raise RunError(f"{competition.name} predicts masks, which are blended by their mean: --method mean")
        return MaskMix(weights)
    return Mix(weights, ranks=method == "rank") if method in ("mean", "rank") else None


def learn(
    method: Method, parts: NDArray[float64], objective: Objective, competition: Competition, truth: DataFrame,
    classes: tuple[str, ...],
) -> Mix:  # fmt: skip
    """Return how to mix k runs.

    Args:
        method: one of METHODS that `equal` knows nothing of.
        parts: their predictions of n rows, (k, n, width).
        objective: what is to become as large as can be, of predictions (n, width).
        competition: says what they are.
        truth: the targets of the n rows.
        classes: those of the target, in the order of predictions.

    Raises:
        RunError: for a method that these predictions do not allow.
    """
    import numpy as np

    if method == "stack":
        return _stack(parts, competition, truth, classes)
    # A run that says the same of every row moves scores of a fold's rows alone by chance, and of all rows for the worse.
    told = np.ptp(parts, axis=1).any(axis=1)
    told = told if told.any() else ~told
    weights = np.zeros(len(parts))
    weights[told] = (select if method == "hill-climb" else _powell)(parts[told], objective)
    return Mix(weights)


def select(parts: NDArray[float64], objective: Objective) -> NDArray[float64]:
    """Return weights (k,) that sum to one, found by ensemble selection.

    Args:
        parts: predictions of k runs, (k, n, width).
        objective: what is to become as large as can be, of predictions (n, width).
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


def ranked(parts: NDArray[float64]) -> NDArray[float64]:
    """Return the mean of the runs' sorted values, in the order of the mean of their ranks (n, width)."""
    import numpy as np
    from scipy.stats import rankdata

    k, n, width = parts.shape
    made = np.empty((n, width))
    for column in range(width):
        order: Any = sum(rankdata(part) for part in parts[:, :, column]) / k
        values = np.sort(parts[:, :, column], axis=1).mean(axis=0)
        made[:, column] = np.interp(rankdata(order), np.arange(1, n + 1), values)
    return made


def _powell(parts: NDArray[float64], objective: Objective) -> NDArray[float64]:
    import numpy as np
    from scipy.optimize import minimize

    def normed(weights: NDArray[float64]) -> NDArray[float64]:
        return np.asarray(weights / weights.sum()) if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))

    def loss(weights: NDArray[float64]) -> float:
        return -objective(np.tensordot(normed(weights), parts, 1))

    start, bounds = np.full(len(parts), 1 / len(parts)), [(0.0, 1.0)] * len(parts)
    found = minimize(
        loss, start, method="Powell", bounds=bounds, options={"maxfev": _EVALUATIONS, "ftol": 1e-6, "xtol": 1e-3}
    )
    return normed(found.x if found.fun <= loss(start) else start)


def _stack(parts: NDArray[float64], competition: Competition, truth: DataFrame, classes: tuple[str, ...]) -> Stack:
    import numpy as np
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if competition.predicts == "span":
        raise RunError("a stack predicts no pieces of texts; --method hill-climb does")
    k, _, width = parts.shape
    targets = _targets(competition, truth, classes, width)
    joint = competition.predicts == "class" and width > 1
    marked = all(np.isin(target, (0, 1)).all() for target in targets) or joint
    chances = marked and bool(parts.min() >= 0 and parts.max() <= 1)
    if not np.ptp(parts, axis=1).any():
        raise RunError("each run says the same of every row, from which a stack learns nothing")
    if chances and any(len(np.unique(target)) < 2 for target in targets):
        raise RunError("the rows that a stack learns from have one class only; --method mean learns nothing")
    models: list[Any] = []
    for column, target in enumerate(targets):
        model: Any = LogisticRegression(max_iter=1000) if chances else RidgeCV(np.logspace(-3, 3, 13))
        inputs = _inputs(parts, column, joint, chances)
        # Beside a constant input scikit-learn 1.6's RidgeCV halves the others' coefficients.
        models.append(make_pipeline(VarianceThreshold(), StandardScaler(), model).fit(inputs, target))
    sizes: Any = sum(_sizes(model).reshape(k, width if joint else 1).sum(axis=1) for model in models)
    return Stack(models, np.asarray(sizes / max(float(np.sum(sizes)), 1e-12)), joint=joint, chances=chances)


def _sizes(model: Any) -> NDArray[float64]:
    """Return how much a fitted pipeline makes of each of its inputs, 0 of those that it leaves out."""
    import numpy as np

    kept = model[0].get_support()
    sizes = np.zeros(len(kept))
    sizes[kept] = np.abs(np.atleast_2d(model[-1].coef_)).sum(axis=0)
    return sizes


def _inputs(parts: NDArray[float64], column: int, joint: bool, chances: bool) -> NDArray[float64]:
    """Return what a model looks at (n, features): all classes of all runs, or their predictions of its column."""
    import numpy as np

    some = np.moveaxis(parts, 0, 1).reshape(parts.shape[1], -1) if joint else parts[:, :, column].T
    if not chances:
        return some
    some = np.clip(some, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(some) if joint else np.log(some / (1 - some)))


def _targets(competition: Competition, truth: DataFrame, classes: tuple[str, ...], width: int) -> list[NDArray[Any]]:
    """Return what each model learns: the class's position, a mark of each label, or the numbers."""
    import numpy as np

    if competition.predicts == "class":
        place = {label: position for position, label in enumerate(classes)}
        return [np.array([place[label] for (label,) in labels_of(competition, truth)])]
    if competition.predicts == "labels":
        marks = [set(labels) for labels in labels_of(competition, truth)]
        return [np.array([name in labels for labels in marks], int) for name in classes[:width]]
    return [truth[name].to_numpy(float) for name in competition.targets]
