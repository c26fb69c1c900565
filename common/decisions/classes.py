"""The classes that a competition's target has, and those of each row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from common.competition import Competition, Predicts
from common.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


def classes_of(competition: Competition, frame: DataFrame) -> tuple[str, ...]:
    """Return the classes in the order of predictions, or none where numbers or spans are predicted.

    Where the submission has a column for each class its order counts, else that of numbers or words; of two classes the
    positive one comes last.

    Args:
        competition: names the target.
        frame: the training rows.

    Raises:
        DataError: if the target has one class only, or one that the submission has no column for.
    """
    if competition.predicts not in ("class", "labels"):
        return ()
    columns = competition.submission.classes or competition.submission.targets
    if len(competition.targets) > 1:
        return competition.targets
    present = {label for labels in labels_of(competition, frame) for label in labels}
    if len(present) < 2:
        raise DataError(f"all training rows have the same {competition.target!r}, {next(iter(present), 'none')!r}")
    if len(columns) == 1:
        return in_order(competition, present)
    names = spelled(columns, present)
    if unknown := present - set(names):
        raise DataError(f"{competition.target!r} holds {min(unknown)!r}, for which the submission has no column")
    return tuple(names)


class Labelled(Protocol):
    """What has a target: a competition, or a task of its models."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of the target."""

    @property
    def predicts(self) -> Predicts:
        """What is predicted of them."""

    @property
    def separator(self) -> str:
        """What stands between the labels of a list."""


def labels_of(of: Labelled, frame: DataFrame) -> list[list[str]]:
    """Return the labels of each row (n): one of a class, any number of a list or of columns that hold 1."""
    targets = list(of.targets)
    if len(targets) > 1:
        marked = frame[targets].to_numpy(float)
        if of.predicts == "labels":
            return [[name for name, mark in zip(targets, row, strict=True) if mark > 0.5] for row in marked]
        return [[targets[column]] for column in marked.argmax(axis=1)]  # soft labels count as their likeliest
    if of.predicts == "labels":
        return [split(text, of.separator) for text in frame[targets[0]].tolist()]
    return [[as_label(value)] for value in frame[targets[0]].tolist()]


def split(text: Any, separator: str) -> list[str]:
    """Return the labels that a cell lists; an empty cell lists none."""
    if not isinstance(text, str):
        return []
    parts = text.split() if separator == " " else map(str.strip, text.split(separator))
    return [part for part in parts if part]


def as_label(value: Any) -> str:
    """Return a class as text: whole numbers without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def in_order(competition: Competition, labels: Iterable[str]) -> tuple[str, ...]:
    """Return classes in the order of predictions: the positive one last, as false comes before true."""
    return tuple(sorted(ordered(labels), key=lambda label: label == competition.positive))


def ordered(labels: Iterable[str]) -> tuple[str, ...]:
    """Return labels in the order of numbers, if all of them are, or of words."""
    words = sorted(labels)
    try:
        return tuple(sorted(words, key=float))
    except ValueError:
        return tuple(words)


def spelled(wanted: Sequence[str], labels: Iterable[str]) -> list[str]:
    """Return `wanted` as `labels` spell them: `true` for True, 1 for 1.0; those that are not among them as they are.

    What all of several begin with may be more than the labels have: `Status_C` and `Status_D` for C and D.
    """
    known = {_key(label): label for label in labels}
    starts = [wanted[0][: mark.end()] for mark in re.finditer(r"[\W_]", wanted[0])] if len(wanted) > 1 else []
    start = max((each for each in starts if all(label.startswith(each) for label in wanted)), key=len, default="")
    return [known.get(_key(label), known.get(_key(label.removeprefix(start)), label)) for label in wanted]


def _key(label: str) -> str | float:
    try:
        return float(label)
    except ValueError:
        return label.strip().casefold()
