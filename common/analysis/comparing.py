"""Is one run better than another, or is it chance? And where do they disagree?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from common import metrics
from common.analysis.resampling import errors
from common.decisions.decision import both
from common.errors import RunError
from common.runs.evaluation import Predicted
from common.runs.run import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW = 5  # rows or groups, of which no draw says how far others would be from them
_SURE = 1.96  # standard errors within which 95 % lie
PUBLIC_SHARE = 0.3
"""Of the test rows, those that the public board is computed from, where nothing else is known; competitions name theirs."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How much better a run's metric is than another's, on the same rows: positive is better.

    `error` is its standard error by a paired bootstrap over `units` rows or groups, `p` the chance of a difference as large
    where there is none (two-sided).
    """

    value: float
    error: float
    units: int
    unit: str
    rows: int

    @property
    def p(self) -> float:
        """The chance of as large a difference between equally good runs."""
        if self.error > 0:
            return 2 * (1 - NormalDist().cdf(abs(self.value) / self.error))
        return 1.0 if self.value == 0 else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where it lies with 95 % confidence."""
        return self.value - _SURE * self.error, self.value + _SURE * self.error

    @property
    def verdict(self) -> str:
        """What follows from it, in a word."""
        if self.units < _FEW and self.value:
            return f"too few {self.unit}s to tell"
        if self.p < 0.05:
            return "better" if self.value > 0 else "worse"
        return "no difference beyond chance"

    def odds(self, private_rows: int) -> float:
        """Return the chance that it is better on a private board of so many rows.

        What the OOF rows leave open and the chance of the board's own rows add up; both are normal.
        """
        spread = self.error * math.sqrt(1 + self.rows / max(private_rows, 1))
        return (
            NormalDist().cdf(self.value / spread) if spread > 0 else 0.5 + 0.5 * ((self.value > 0) - (self.value < 0))
        )

    def __str__(self) -> str:
        low, high = self.interval
        chance = "p < 0.0001" if self.p < 0.0001 else f"p {self.p:.4f}"
        return (
            f"{self.value:+.4f} (95 %: {low:+.4f} to {high:+.4f}, {chance}, bootstrap over {self.units:,} {self.unit}s): "
            f"{self.verdict}"
        )


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """A training row that two runs predict differently."""

    id: str
    fold: int
    target: str
    first: str
    second: str
    distance: float


def between(first: Predicted, second: Predicted) -> Difference | None:
    """Return how much better the first run is, on the rows that both have predicted; None where the metric is undefined.

    Raises:
        RunError: if they have no row in common, or other targets.
    """
    import numpy as np

    one, other = common_rows(first, second)
    competition, name = first.competition, first.competition.metric
    sign = 1 if metrics.get(name).greater_is_better else -1

    def difference(ours: float | None, theirs: float | None) -> float | None:
        return None if ours is None or theirs is None else sign * (ours - theirs)

    value = difference(first.score(name, one), second.score(name, other))
    if value is None:
        return None

    def drawn(rows: NDArray[Any]) -> tuple[float | None]:
        return (difference(first.resampled(one[rows]), second.resampled(other[rows])),)

    groups = None if first.groups is None else first.groups[one]
    (error,) = errors(drawn, len(one), groups)
    units = len(one) if groups is None else len(np.unique(groups))
    each = "picture" if competition.predicts == "masks" else "row"
    return Difference(
        value=value, error=0.0 if math.isnan(error) else float(error), units=units,
        unit=each if groups is None else "group", rows=len(one),
    )  # fmt: skip


def disagreements(first: Predicted, second: Predicted, count: int) -> list[Disagreement]:
    """Return the rows that two runs predict most differently: by their numbers, or their probabilities of all classes.

    Masks differ by the pictures' own scores, which stand for them; a label is shown with its probability.
    """
    import numpy as np

    one, other = common_rows(first, second)
    competition, masks = first.competition, first.competition.predicts == "masks"
    ordered = first.values.shape[1] == 1 and len(first.classes) > 2 if not masks else False
    chances = competition.predicts == "class" and not competition.submission.numeric and not ordered
    sides = [each.wrong if masks else each.values for each in (first, second)]
    distance = np.abs(sides[0][one] - sides[1][other]).reshape(len(one), -1).sum(axis=1)
    worst = np.argsort(-distance, kind="stable")[:count]
    targets = list(competition.targets)

    def cell(predicted: Predicted, row: int) -> str:
        if masks:
            return f"{1 - predicted.wrong[row]:.4f}"
        said = shown(predicted.submitted[row].tolist())
        return f"{said} ({both(predicted.values[[row]]).max():.2f})" if chances else said

    return [
        Disagreement(
            id=str(first.ids[one[row]]), fold=int(first.folds[one[row]]), distance=float(distance[row]),
            target="mask" if masks else shown(first.truth[targets].iloc[one[row]].tolist()),
            first=cell(first, one[row]), second=cell(second, other[row]),
        )
        for row in worst
    ]  # fmt: skip


def settings_that_differ(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return the settings, the profile among them, that are not the same in all runs: by name, the value of each run."""
    absent = "–"
    every = [{"profile": run.record.profile, **run.record.settings} for run in runs]
    names = dict.fromkeys(name for each in every for name in each)
    values = {name: [each.get(name, absent) for each in every] for name in names}
    return {name: some for name, some in values.items() if any(each != some[0] for each in some)}


def shown(values: Sequence[Any], longest: int = 60) -> str:
    """Return a row's targets or predictions as short text; of many the first ones."""
    words = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values[:4]]
    text = ", ".join(words) + (", …" if len(values) > 4 else "")
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def common_rows(first: Predicted, second: Predicted) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the places in each run of the rows that both have predicted, in the same order.

    Raises:
        RunError: if they have no row in common, or other targets.
    """
    import numpy as np
    import pandas as pd

    names = f"{first.run.folder} and {second.run.folder}"
    if first.competition.name != second.competition.name:
        raise RunError(f"{names} are runs of {first.competition.name} and of {second.competition.name}")
    if first.competition.predicts != "masks" and first.values.shape[1] != second.values.shape[1]:
        raise RunError(f"{names} predict different numbers of columns")
    if np.array_equal(first.ids, second.ids):
        one = other = np.arange(len(first.ids))
    else:
        place = pd.Index(second.ids).get_indexer(pd.Index(first.ids))
        one, other = np.flatnonzero(place >= 0), place[place >= 0]
    if not len(one):
        raise RunError(f"{names} have predicted no row in common; train the same folds on the same data")
    targets = list(first.competition.targets)
    ours, theirs = (
        each.truth[targets].iloc[rows].astype(str).to_numpy() for each, rows in ((first, one), (second, other))
    )
    if not (ours == theirs).all():
        raise RunError(f"{names} were trained on different targets, so that their scores cannot be compared")
    return one, other
