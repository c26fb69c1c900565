"""Does CV agree with the leaderboard? What the submissions so far say, and what follows from it."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Literal

from common import metrics
from common.analysis.board import Board

LEAST = 4  # submissions: of three, any order is chance
_CHANCE = 0.05
Verdict = Literal["too few points", "trust CV", "trust neither"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """A run with both scores."""

    run: str
    cv: float
    spread: float | None
    public: float
    private: float | None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How CV and the public board go together over the runs that were submitted.

    `correlation` is Spearman's, `p` the chance of as high a one without any relation, `offset` the median of public less
    CV and `scatter` the standard deviation around it.
    """

    points: tuple[Point, ...]
    correlation: float | None = None
    p: float | None = None
    offset: float | None = None
    scatter: float | None = None
    verdict: Verdict = "too few points"

    @property
    def sentence(self) -> str:
        """The verdict with its figures and what to do."""
        count = len(self.points)
        if self.verdict == "too few points" or self.correlation is None or self.p is None or self.offset is None:
            more = LEAST - count
            return (
                f"too few points: {count} runs have both scores; submit {more} more that differ, then their order tells"
                if more > 0
                else f"too few points: the {count} runs have the same score"
            )
        chance = f"p {self.p:.3f}" if self.p >= 0.001 else "p < 0.001"
        figures = f"Spearman {self.correlation:+.2f} over {count} runs ({chance}), public less CV {self.offset:+.4f}"
        if self.verdict == "trust CV":
            return f"trust CV: {figures}; choose by CV, and expect the offset"
        return (
            f"trust neither: {figures}; CV does not order the runs as the board does. Look for a split that imitates the "
            "board (kit check-split), and choose runs that are good on both"
        )


def agreement(board: Board) -> Agreement:
    """Return how CV and the public board agree over a board's runs."""
    points = tuple(
        Point(run=each.run, cv=each.cv, spread=each.spread, public=each.public, private=each.private)
        for each in board.entries
        if each.metric == board.metric and each.cv is not None and each.public is not None
    )
    differences = [each.public - each.cv for each in points]
    offset = statistics.median(differences) if points else None
    different = len({each.cv for each in points}) > 1 and len({each.public for each in points}) > 1
    if len(points) < LEAST or not different:
        return Agreement(points=points, offset=offset)
    from scipy.stats import spearmanr

    found = spearmanr([each.cv for each in points], [each.public for each in points], alternative="greater")
    p = float(found.pvalue)
    return Agreement(
        points=points, correlation=float(found.statistic), p=p, offset=offset, scatter=statistics.stdev(differences),
        verdict="trust CV" if p < _CHANCE else "trust neither",
    )  # fmt: skip


def outlier(found: Agreement, run: str, metric: str) -> str:
    """Return what the board says of a run that scores there far from where its CV would have it, or nothing."""
    point = next((each for each in found.points if each.run == run), None)
    if point is None or not found.scatter or found.offset is None or len(found.points) <= LEAST:
        return ""
    others = [each.public - each.cv for each in found.points if each.run != run]
    expected, spread = statistics.median(others), statistics.stdev(others)
    away = (point.public - point.cv) - expected
    if abs(away) <= 3 * max(spread, 1e-12):
        return ""
    better = (away > 0) == metrics.get(metric).greater_is_better
    return (
        f"public {point.public:.5f} is {abs(away):.4f} {'better' if better else 'worse'} than CV {point.cv:.4f} and the "
        f"other runs' offset {expected:+.4f} promise"
    )
