"""What a model has to predict for the answers, and what a cell of the submission holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from common import metrics
from common.competition import Cell, Column, ColumnKind, Predicts
from common.decisions.classes import spelled
from common.discovery import whole
from common.discovery.columns import filled
from common.discovery.findings import Hints, Notes, Question
from common.discovery.heads import Head
from common.discovery.shapes import WORDS, Answers
from common.discovery.target import Submitted

_MOST_LABELS = 150  # that a description lists
_MOST_PROBABILITIES = 2_000_000_000  # of all rows and classes
_UNTRAINED = {"mask": "masks without pictures", "boxes": "boxes", "text": "free text"}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """How the answers are described: what models predict, and the submission's cells."""

    predicts: Predicts
    cell: Cell
    sums_to_one: bool = False
    trained: bool = True
    positive: str = ""

    @property
    def classes(self) -> bool:
        """Whether folds keep the distribution of classes."""
        return self.predicts == "class"


def decide(
    answers: Answers, metric: str, submitted: Submitted, sample: Head | None, train: Head, hints: Hints, notes: Notes
) -> Decided:
    """Return what is predicted, given what the answers look like and the metric."""
    made = _decided(answers, metric, _as_submitted(answers, submitted, sample))
    if made.cell.kind == "labels" and made.predicts == "class" and _one_each(answers, submitted, sample):
        made = replace(made, cell=replace(made.cell, at_most=1))
    if made.cell.kind == "label" and _numbers_for_words(answers, submitted, sample):
        made = Decided(predicts="class", cell=Cell(low=0, high=1, clip=True))
    cell = made.cell
    numbers = "numbers" if cell.low is None else f"numbers from {cell.low:g} to {cell.high:g}"
    words = {
        "number": "whole numbers" if cell.integer else numbers,
        "label": f"one of {len(answers.classes):,} labels",
        "labels": f"up to {cell.at_most} labels" if cell.at_most else "a list of labels",
        "text": f"text, a piece of {cell.source!r}" if cell.source else "free text",
        "mask": "run lengths",
        "boxes": f"boxes of {cell.tokens} fields",
    }[cell.kind]
    sums = "; rows sum to 1" if made.sums_to_one else ""
    notes.add("a cell", f"{words}{sums}", "likely", f"the answers are {WORDS[answers.shape]}", "--metric")
    if made.predicts == "class" and cell.kind == "number" and len(answers.classes) == 2 and not made.sums_to_one:
        made = replace(made, positive=_positive(answers.classes, submitted, train, hints, notes))
    if not made.trained:
        note_untrained(answers, notes)
    return made


def within_memory(decided: Decided, answers: Answers, rows: int, notes: Notes) -> Decided:
    """Return the decision, or that nothing is predicted where the probabilities of all classes would be too many to hold."""
    cells = rows * len(answers.classes)
    if decided.predicts not in ("class", "labels") or cells <= _MOST_PROBABILITIES:
        return decided
    why = f"probabilities of {len(answers.classes):,} classes for {rows:,} rows would take {cells * 8 / 1e9:,.0f} GB"
    notes.add("models", "none: the cells of the sample submission", "sure", why, "model.py")
    return replace(decided, predicts="nothing", trained=False)


def _one_each(answers: Answers, submitted: Submitted, sample: Head | None) -> bool:
    """Whether the sample submission has one of the classes in every cell."""
    return sample is not None and answers.shape != "top" and {*sample[submitted.targets[0]]} <= {*answers.classes}


def note_untrained(answers: Answers, notes: Notes) -> None:
    """Note that nothing of the kit predicts such answers."""
    why = f"no application of the kit predicts {_UNTRAINED[answers.shape]}"
    notes.add("models", "none: the cells of the sample submission", "sure", why, "model.py")


def _numbers_for_words(answers: Answers, submitted: Submitted, sample: Head | None) -> bool:
    """Whether the sample submission has numbers where the training rows have one of two words."""
    import pandas as pd

    if sample is None or len(answers.classes) != 2:
        return False
    cells = filled(sample[submitted.targets[0]])
    words = {spelled([label], ["0", "1"])[0] for label in answers.classes} - {"0", "1"}
    return bool(len(words) == 2 and len(cells) and pd.to_numeric(cells, errors="coerce").notna().all())


def _positive(classes: Sequence[str], submitted: Submitted, train: Head, hints: Hints, notes: Notes) -> str:
    """Return the class whose probability is submitted, or nothing if it is the second in order.

    Raises:
        Question: for a class that there is not.
    """
    if hints.positive is not None:
        if hints.positive not in classes:
            raise Question(f"{hints.positive!r} is no class", "--positive", classes)
        notes.add("1 means", hints.positive, "sure", "as you say", "--positive")
        return "" if hints.positive == classes[-1] else hints.positive
    if set(classes) <= {"0", "1", "0.0", "1.0"} or {label.casefold() for label in classes} in _TRUTHS:
        return ""
    named = [label for label in classes if label.casefold() in re.split(r"[\W_]+", submitted.targets[0].casefold())]
    if len(named) == 1:
        notes.add("1 means", named[0], "likely", f"the target is called {submitted.targets[0]!r}", "--positive")
        return "" if named[0] == classes[-1] else named[0]
    told, why = _telling(classes, submitted, train)
    notes.add("1 means", told, "guess", why, "--positive")
    return "" if told == classes[-1] else told


def _telling(classes: Sequence[str], submitted: Submitted, train: Head) -> tuple[str, str]:
    """Return the class that is asked for, most likely, and why: the other says that there is nothing, or it is rare."""
    for one, other in (classes, (*reversed(classes),)):
        word = other.casefold().strip()
        if word in _NOTHING or re.fullmatch(rf"{_NOT}[\W_]*{re.escape(one.casefold().strip())}", word):
            return one, f"{other!r} says that there is nothing"
    counts = whole.counts(train, submitted.truth[0]) if submitted.truth and submitted.truth[0] in train else None
    if counts is not None and {*classes} <= {*counts.index}:
        share = counts[list(classes)] / counts[list(classes)].sum()
        if share.min() < _RARE:
            return str(share.idxmin()), f"the rare one, of {share.min():.0%} of the rows"
    return classes[-1], "the second in order"


_RARE = 0.4  # of the rows, below which it is the rare class that is looked for
_NOT = "(no|non|not|un|in|dis|without)"
_NOTHING = {"absence", "absent", "negative", "normal", "healthy", "benign", "none"}
_TRUTHS = ({"false", "true"}, {"no", "yes"}, {"n", "y"}, {"f", "t"})


def _decided(answers: Answers, metric: str, labels: tuple[str, ...]) -> Decided:
    wanted = metrics.get(metric).prediction
    probability = Cell(low=0, high=1, clip=True)
    match answers.shape:
        case "span":
            return Decided(predicts="span", cell=Cell(kind="text", source=answers.source, may_be_empty=True))
        case "text":
            return Decided(predicts="nothing", cell=Cell(kind="text", may_be_empty=True), trained=False)
        case "mask":
            empty = answers.empty or ""
            cell = Cell(kind="mask", empty=empty, may_be_empty=not empty, objects=answers.objects)
            return Decided(predicts="masks", cell=cell)
        case "boxes":
            cell = Cell(kind="boxes", tokens=answers.tokens, empty=answers.empty or "", may_be_empty=not answers.empty)
            return Decided(predicts="nothing", cell=cell, trained=False)
        case "labels":
            cell = Cell(
                kind="labels", labels=labels, separator=answers.separator, at_most=_at_most(metric), may_be_empty=True
            )
            return Decided(predicts="labels", cell=cell)
        case "top":
            return Decided(predicts="class", cell=Cell(kind="labels", labels=labels, at_most=answers.count))
        case "class_columns" | "one_hot":
            return Decided(predicts="class", cell=Cell(low=0, high=1), sums_to_one=True)
        case "marks":
            return Decided(predicts="labels", cell=probability)
    if wanted == "number":
        return Decided(predicts="number", cell=_number(answers, metric))
    if wanted == "labels" and (count := _at_most(metric)):
        return Decided(predicts="class", cell=Cell(kind="labels", labels=labels, at_most=count))
    if wanted in ("label", "labels"):
        return Decided(predicts="class", cell=Cell(kind="label", labels=labels))
    if answers.shape == "numbers":
        return Decided(predicts="number", cell=probability)
    return Decided(predicts="class", cell=probability)


def _at_most(metric: str) -> int | None:
    name, _, parameter = metric.partition("@")
    return int(parameter) if name in ("map", "ndcg") and parameter.isdecimal() else None


def _as_submitted(answers: Answers, submitted: Submitted, sample: Head | None) -> tuple[str, ...]:
    """Return the classes as the sample submission spells them, none where there are too many to list."""
    if sample is None or len(answers.classes) > _MOST_LABELS:
        return answers.classes if len(answers.classes) <= _MOST_LABELS else ()
    cells = {*filled(sample[submitted.targets[0]])}
    shown = cells | {part for cell in list(cells)[:1000] for part in cell.split()}
    return tuple(spelled(answers.classes, shown))


def _number(answers: Answers, metric: str) -> Cell:
    """Return a cell of numbers, clipped to what answers can be."""
    low, high = answers.low, answers.high
    if answers.shape == "binary" or (low is not None and high is not None and low >= 0 and high <= 1 and high > 0):
        return Cell(low=0, high=1, clip=True)
    if low is not None and high is not None and low >= 0 and metric == "rmsle":
        return Cell(low=0, high=float(f"{10 * high:.1g}"), clip=True)
    return Cell(integer=answers.whole and metric in _MEDIANS)


_MEDIANS = ("mae", "weighted_mae", "median_absolute_error")
"""Metrics whose best answer is a median, and so whole where all answers are: rounding gains what is left to half a unit."""


def target_columns(answers: Answers, decided: Decided, submitted: Submitted, train: Head) -> tuple[Column, ...]:
    """Return the description of the training rows' targets."""
    kind: ColumnKind = "number"
    if len(submitted.truth) == 1:
        kind = {"class": "category", "labels": "labels", "number": "number"}.get(decided.predicts, "text")  # type: ignore[assignment]
    # An empty cell is an answer of lists and texts; of others it is a row without one, which is not trained on.
    gaps = [not train.whole or bool((train[name].str.strip() == "").any()) for name in submitted.truth]
    return tuple(
        Column(name=name, kind=kind, may_be_empty=empty, separator=answers.separator if kind == "labels" else " ")
        for name, empty in zip(submitted.truth, gaps, strict=True)
    )
