"""Made-up answers: what the training rows hold, and what a perfect submission would."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from common.competition import Cell, Competition, Folder
from common.errors import DataError

LEVELS = 6
"""Classes, or steps of a number, that sample data tell apart."""
_MADE_UP = ("ash", "birch", "cedar")


class Answers:
    """The answers of rows at a level: `truth` is what the training table holds, `submitted` what is submitted for it."""

    def __init__(self, competition: Competition, rng: Random) -> None:
        self.competition, self.rng = competition, rng
        self.format, self.cell = competition.submission, competition.submission.cell
        self.classes = self._classes()
        self.levels = len(self.classes) or LEVELS
        targets = len(competition.targets)
        self.bits = [[rng.random() < 0.4 for _ in range(max(targets, len(self.classes)))] for _ in range(self.levels)]
        self.scales = [(rng.uniform(0.5, 1.0), rng.uniform(0.0, 0.3)) for _ in range(targets)]

    def _classes(self) -> tuple[str, ...]:
        competition = self.competition
        if competition.predicts == "class":
            if len(competition.targets) > 1:
                return competition.targets[:LEVELS]
            made_up = ("0", "1") if self.format.numeric else _MADE_UP
            return (self.format.classes or self.cell.labels or _named_in_paths(competition) or made_up)[:LEVELS]
        if competition.predicts == "labels":
            return competition.targets if len(competition.targets) > 1 else (self.cell.labels[:LEVELS] or _MADE_UP)
        return ()

    def of(self, level: int, texts: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the training row's answers and the submission's, by column; `texts` are the row's other cells.

        Raises:
            DataError: for answers that cannot be made up.
        """
        competition, format = self.competition, self.format
        if self.cell.kind in ("mask", "boxes", "pixels") or competition.predicts == "nothing":
            raise DataError(f"sample data with {self.cell.kind} cannot be made from a description; write a sample.py")
        match competition.predicts:
            case "class":
                return self._class(level)
            case "labels":
                return self._labels(level)
            case "span":
                words = str(texts[str(self.cell.source)]).split() or ["nothing"]
                start = self.rng.randrange(len(words))
                piece = " ".join(words[start : start + self.rng.randint(2, 4)])
                return {competition.targets[0]: piece}, {format.targets[0]: piece}
        made = [self._number(level, place, self._range(place)) for place in range(len(competition.targets))]
        return dict(zip(competition.targets, made, strict=True)), dict(zip(format.targets, made, strict=False))

    def _class(self, level: int) -> tuple[dict[str, Any], dict[str, Any]]:
        competition, format, label = self.competition, self.format, self.classes[level]
        if len(competition.targets) > 1:
            marks = {name: int(name == label) for name in competition.targets}
            return marks, dict(zip(format.targets, marks.values(), strict=True))
        truth = {competition.targets[0]: label}
        if format.classes is not None:
            return truth, {name: int(name == label) for name in format.classes}
        return truth, {format.targets[0]: level if format.numeric else label}

    def _labels(self, level: int) -> tuple[dict[str, Any], dict[str, Any]]:
        marked = [bit != (self.rng.random() < 0.1) for bit in self.bits[level]][: len(self.classes)]
        names = [name for name, mark in zip(self.classes, marked, strict=True) if mark] or [self.classes[0]]
        targets, submitted = self.competition.targets, self.format.targets
        if len(targets) > 1:
            marks = {name: int(name in names) for name in targets}
            return marks, dict(zip(submitted, marks.values(), strict=True))
        names = names[: self.cell.at_most]
        return {targets[0]: self.competition.separator.join(names)}, {submitted[0]: self.cell.separator.join(names)}

    def _range(self, place: int) -> Cell:
        return self.format.of(self.format.targets[min(place, len(self.format.targets) - 1)])

    def _number(self, level: int, place: int, cell: Cell) -> float:
        slope, start = self.scales[place]
        share = min(1.0, max(0.0, start + slope * level / max(self.levels - 1, 1) * 0.7 + self.rng.gauss(0, 0.04)))
        most = 100.0 if cell.integer else 10.0  # whole numbers are not to look like a few classes
        low, high = 0.0 if cell.low is None else cell.low, most if cell.high is None else cell.high
        number = low + (high - low) * share
        return round(number) if cell.integer else round(number, 4)

    def plain(self, target: str) -> Any:
        """Return a cell of a sample submission."""
        cell = self.format.of(target)
        match cell.kind:
            case "number":
                if self.format.rows_sum_to is not None:
                    return self.format.rows_sum_to / len(self.format.targets)
                middle = ((cell.low or 0.0) + (cell.high if cell.high is not None else 1.0)) / 2
                return round(middle) if cell.integer else middle
            case "label":
                return self.classes[0]
            case "labels":
                return cell.separator.join(self.classes[: cell.at_most or 1])
        return cell.empty


def _named_in_paths(competition: Competition) -> tuple[str, ...]:
    """Return the labels among which the paths of training files choose, if a rule lists them."""
    rules = competition.files.train.labels if isinstance(competition.files.train, Folder) else {}
    listed = [match for rule in rules if (match := re.search(r"\(((?:[^()|?]+\|)+[^()|?]+)\)", rule))]
    return tuple(sorted(re.sub(r"\\(.)", r"\1", word) for word in listed[0][1].split("|"))) if len(listed) == 1 else ()
