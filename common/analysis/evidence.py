"""What is known of a run when it is judged: its record, OOF and folds, and the board that it stands on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from common import registry
from common.analysis.board import board
from common.analysis.checks import Evidence
from common.analysis.comparing import common_rows
from common.competition import Competition
from common.errors import KitError, RunError
from common.runs.evaluation import Predicted
from common.runs.run import FOLDS, Run


def of(folder: Path, competition: Competition | None = None) -> Evidence:
    """Return the evidence on a run; the board is that of the folder in which it lies.

    Raises:
        RunError: if the folder holds no run.
        UnknownName: if its competition is not known here.
    """
    run = Run.open(folder)
    competition = competition or registry.get(run.record.competition)
    evidence = Evidence(run=run, competition=competition)
    try:
        evidence.predicted = Predicted.of(run, competition)
    except RunError as error:
        evidence.more["why"] = str(error)
    evidence.board = board(competition.name, competition.metric, folder.resolve().parent)
    evidence.more["folds"] = _folds(folder)
    base = evidence.baseline
    if base and base.rows and base.rows != run.record.rows_scored:
        evidence.baseline = replace(base, cv=_on_the_same_rows(evidence, folder.resolve().parent / base.run))
    return evidence


def _on_the_same_rows(evidence: Evidence, baseline: Path) -> float | None:
    """Return the metric of a baseline on the rows of a run, None where it has not predicted all of them.

    A fold may be much harder than the others: one of the run is not to be compared with all of the baseline.
    """
    if evidence.predicted is None:
        return None
    try:
        other = Predicted.of(Run.open(baseline), evidence.competition)
        ours, theirs = common_rows(evidence.predicted, other)
    except KitError:
        return None
    return other.score(evidence.competition.metric, theirs) if len(ours) == len(evidence.predicted.ids) else None


def _folds(folder: Path) -> set[int] | None:
    """Return the numbers of all folds of a run, None where their file is gone."""
    import pandas as pd

    try:
        return {*map(int, pd.read_csv(folder / FOLDS, usecols=["fold"])["fold"].unique())}
    except (OSError, ValueError):
        return None
