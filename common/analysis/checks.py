"""Checks of a finished run, each with a code and a cure; they need its record, its OOF and the board, and no model.

A code stays what it is, so that it can be searched for. K1… are of runs, K2… of the data (`common.analysis.drift`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from common import metrics
from common.analysis.agreement import Agreement, agreement, outlier
from common.analysis.board import Board, Entry
from common.analysis.resampling import errors
from common.competition import Competition
from common.errors import KitError
from common.runs.evaluation import Predicted
from common.runs.records import Fold
from common.runs.run import Run
from common.splits.telling import telling
from common.wording import listed, plural, rounded

_UNLIKELY = 0.001  # a chance below which folds differ by more than their rows
_COLLAPSED = 0.2  # of the other folds' spread
_SLOWER = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something worth a look: what was measured, and what to do about it."""

    code: str
    title: str
    measured: str
    cure: str


@dataclass
class Evidence:
    """What checks look at. `predicted` is None where the OOF cannot be read, `board` where there is no ledger."""

    run: Run
    competition: Competition
    predicted: Predicted | None = None
    board: Board | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def sign(self) -> int:
        """1 where a greater score is better, else -1."""
        return 1 if metrics.get(self.competition.metric).greater_is_better else -1

    @property
    def cv(self) -> float | None:
        """The metric of all OOF rows."""
        return self.run.record.scores.get(self.competition.metric)

    @cached_property
    def error(self) -> float:
        """The standard error of the metric of all rows, NaN where it is unknown."""
        if (predicted := self.predicted) is None:
            return math.nan

        return float(errors(lambda rows: (predicted.resampled(rows),), len(predicted.ids), predicted.groups)[0])

    @cached_property
    def agreement(self) -> Agreement | None:
        """How CV and the board agree."""
        return agreement(self.board) if self.board else None

    @cached_property
    def baseline(self) -> Entry | None:
        """The best run of the profile baseline on the same data, if this is another profile."""
        if self.board is None or self.run.record.profile == "baseline":
            return None
        mine = next((each for each in self.board.entries if each.run == self.run.folder.name), None)
        same = [each for each in self.board.entries if each.profile == "baseline" and each.cv is not None]
        return next((each for each in same if mine is None or each.data == mine.data), None)


def check(evidence: Evidence) -> list[Finding]:
    """Return what the checks find, in the order of their codes."""
    return [finding for each in CHECKS for finding in each(evidence)]


def _overfitting(evidence: Evidence) -> Iterator[Finding]:
    folds = {str(number): fold.notes.get("epochs") for number, fold in evidence.run.record.folds.items()}
    risen = []
    for number, rows in folds.items():
        losses = [row.get("valid_loss") for row in rows or () if isinstance(row, dict)]
        known = [loss for loss in losses if isinstance(loss, float) and math.isfinite(loss)]
        if len(known) > 2 and known[-1] > 1.1 * min(known):
            best = known.index(min(known)) + 1
            risen.append(f"fold {number}: {min(known):.4f} after epoch {best}, {known[-1]:.4f} after {len(known)}")
    if risen:
        yield Finding(
            code="K101", title="overfitting", measured=f"the validation loss rises again: {listed(risen)}",
            cure="fewer epochs, a lower learning rate, more weight decay or dropout, or augmentation",
        )  # fmt: skip


def _inconsistent(evidence: Evidence) -> Iterator[Finding]:
    from statistics import NormalDist

    metric, predicted = evidence.competition.metric, evidence.predicted
    scores = {number: fold.scores.get(metric) for number, fold in evidence.run.record.folds.items()}
    if predicted is None or len(scores) < 2:
        return
    odd = []
    for number, score in scores.items():
        others = [each for other, each in scores.items() if other != number and each is not None]
        error = evidence.error * math.sqrt(len(predicted.folds) / max((predicted.folds == number).sum(), 1))
        if score is None or not others or not error > 0:
            continue
        mean = sum(others) / len(others)
        z = abs(score - mean) / (error * math.sqrt(1 + 1 / len(others)))
        if 2 * (1 - NormalDist().cdf(z)) * len(scores) < _UNLIKELY:
            odd.append(f"fold {number} has {score:.4f}, the others {mean:.4f} ± {error:.4f}")
    if odd:
        yield Finding(
            code="K102", title="inconsistent folds", measured=listed(odd),
            cure="look at what is special in that fold (the report's errors): groups, time or another source of rows; "
            "a split that stratifies by it makes CV steadier, and the mean of the folds less sure than it looks",
        )  # fmt: skip


def _worse(evidence: Evidence) -> Iterator[Finding]:
    cv, sign = evidence.cv, evidence.sign
    nothing = evidence.run.record.nothing.get(evidence.competition.metric)
    baseline = evidence.baseline
    if cv is not None and nothing is not None and sign * (cv - nothing) <= 0:
        yield Finding(
            code="K103", title="worse than nothing",
            measured=f"{rounded(cv)}, and {rounded(nothing)} for whoever predicts the targets' mean or the shares of classes",
            cure="check the target, its order of classes and the metric's direction; then the learning rate",
        )  # fmt: skip
    if cv is not None and baseline is not None and baseline.cv is not None and sign * (cv - baseline.cv) < 0:
        yield Finding(
            code="K104", title="worse than the baseline", measured=f"{rounded(cv)}, and {rounded(baseline.cv)} of {baseline.run}",
            cure="train longer or with a higher rate; kit blend with the baseline tells whether it knows anything else",
        )  # fmt: skip


def _slower(evidence: Evidence) -> Iterator[Finding]:
    baseline, cv = evidence.baseline, evidence.cv
    seconds = sum(evidence.run.record.seconds.values())
    if baseline is None or cv is None or baseline.cv is None or not baseline.seconds:
        return
    gain = evidence.sign * (cv - baseline.cv)
    if seconds > _SLOWER * baseline.seconds and gain < evidence.error:
        yield Finding(
            code="K105", title="slower and no better",
            measured=f"{seconds:,.0f} s against {baseline.seconds:,.0f} s, and {gain:+.4f} ± {evidence.error:.4f}",
            cure="take the baseline to try ideas with, and this run only for a blend",
        )  # fmt: skip


def _collapsed(evidence: Evidence) -> Iterator[Finding]:
    import numpy as np

    if evidence.predicted is None:
        return
    predicted, folds = evidence.predicted, evidence.predicted.folds
    spreads = {int(fold): predicted.spread(folds == fold) for fold in np.unique(folds)}
    constant = [fold for fold, spread in spreads.items() if spread < 1e-9]
    usual = float(np.median(list(spreads.values())))
    narrow = [fold for fold, spread in spreads.items() if fold not in constant and spread < _COLLAPSED * usual]
    for some, what in (
        (constant, "the same for every row"),
        (narrow, f"narrower than {_COLLAPSED:.0%} of the other folds'"),
    ):
        if some:
            yield Finding(
                code="K106", title="constant or collapsed fold", measured=f"predictions of fold {listed(some)} are {what}",
                cure="that model has diverged or learnt nothing: a lower learning rate, a longer warm-up, another seed; then "
                "remove the fold's folder and run the same kit train",
            )  # fmt: skip


def _missing(evidence: Evidence) -> Iterator[Finding]:
    import numpy as np

    predicted = evidence.predicted
    trained = {*map(int, np.unique(predicted.folds))} if predicted is not None else {*evidence.run.record.folds}
    all_rows = evidence.more.get("folds")
    lacking = sorted({*all_rows} - trained - {-1}) if all_rows and trained else []
    if lacking or evidence.run.record.status != "finished":
        yield Finding(
            code="K107", title="missing folds",
            measured=f"{evidence.run.record.outcome}; {plural(len(trained), 'fold')} trained"
            + (f", without {listed(lacking, 8)}" if lacking else ""),
            cure="the same kit train trains the rest; scores of fewer folds are noisier and no blend takes other rows",
        )  # fmt: skip


def _at_edge(evidence: Evidence) -> Iterator[Finding]:
    decision = evidence.run.record.decision
    edges = []
    if decision is not None and decision.kind == "threshold" and not 0.02 < decision.threshold < 0.98:
        edges.append(f"threshold {decision.threshold:g} of 0.02 to 0.98")
    if decision is not None and decision.weights and max(decision.weights) / max(min(decision.weights), 1e-12) >= 64:
        edges.append(f"class weights from {min(decision.weights):.3g} to {max(decision.weights):.3g}")
    edges += [f"{name} {value}" for fold in evidence.run.record.folds.values() for name, value in _notes_at_edge(fold)]
    if edges:
        yield Finding(
            code="K108", title="tuned value at the edge of its range", measured=listed(dict.fromkeys(edges)),
            cure="the best value may lie outside: widen the range; at an edge of probabilities, look at calibration first",
        )  # fmt: skip


def _notes_at_edge(fold: Fold) -> Iterator[tuple[str, Any]]:
    """Yield what a model has noted as `tuned`: {name: {value, low, high}}."""
    tuned = fold.notes.get("tuned")
    for name, each in tuned.items() if isinstance(tuned, dict) else ():
        if isinstance(each, dict) and each.get("value") in (each.get("low"), each.get("high")):
            yield name, each["value"]


def _optimistic(evidence: Evidence) -> Iterator[Finding]:
    metric = evidence.competition.metric
    nested, other = evidence.cv, evidence.run.record.optimistic.get(metric)
    if nested is None or other is None:
        return
    gap = evidence.sign * (other - nested)
    if gap > 0 and gap > evidence.error:
        yield Finding(
            code="K109", title="chosen on its own validation",
            measured=f"{rounded(other)} on the rows that chose weights or thresholds, {rounded(nested)} on rows that did not",
            cure="believe the second; choose among fewer runs or settings, or by a simpler rule (--method mean)",
        )  # fmt: skip


def _board(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.agreement
    if found is None:
        return
    away = outlier(found, evidence.run.folder.name, evidence.competition.metric)
    if found.verdict == "trust neither" or away:
        yield Finding(
            code="K110", title="CV disagrees with the board", measured=away or found.sentence,
            cure="kit check-split says which columns differ between train and test, and which split would imitate the board",
        )  # fmt: skip


def _telling(evidence: Evidence) -> Iterator[Finding]:
    predicted, competition = evidence.predicted, evidence.competition
    if predicted is None or not competition.inputs or competition.predicts not in ("class", "number"):
        return
    try:
        rows = predicted.inputs()
    except (KitError, OSError):  # the data have gone
        return
    inputs, classes = [name for name in competition.inputs if name in rows], competition.predicts == "class"
    told = [
        f"{name!r} explains {target!r} ({score})"
        for target in competition.targets
        for name, score in telling(rows, inputs, predicted.truth[target].set_axis(rows.index), classes=classes)
    ]
    if told:
        yield Finding(
            code="K111", title="a column alone explains the target", measured=listed(told),
            cure="find out whether it is known before the answer is; if not, name it in leave_out of model.py",
        )  # fmt: skip


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    _overfitting, _inconsistent, _worse, _slower, _collapsed, _missing, _at_edge, _optimistic, _board,
    _telling,
)  # fmt: skip
