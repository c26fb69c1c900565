"""What is predicted: numbers, one of several classes, or any number of labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from common import metrics
from common.competition import Competition, Predicts
from common.decisions.classes import labels_of
from common.errors import DataError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.model import Context


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column that is predicted, or several.

    `classes` are its values in the order of predictions (of two classes, the second's probability is predicted), `names`
    what people call them. A target of numbers has neither; `probability` says that each number is one, of what the column
    marks with 1. Where a competition says that it predicts classes or labels, and none are named here, they are those of
    its training rows: `resolved` fills them in. Columns `beside` hold further numbers and categories that may tell of it.
    """

    target: str | tuple[str, ...]
    classes: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    predicts: Predicts = "number"
    separator: str = " "
    probability: bool = False
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) == 1 or len(self.classes) != len(self.names):
            raise SettingError(
                f"a target needs two or more classes and a name for each, or is a number without either, got "
                f"{len(self.classes)} classes and {len(self.names)} names"
            )

    @classmethod
    def of(cls, competition: Competition, **more: Any) -> Self:
        """Return the target of a competition; `more` are further fields of a subclass."""
        wanted = metrics.get(competition.metric).prediction
        return cls(
            target=competition.target, predicts=competition.predicts, separator=competition.separator,
            probability=competition.predicts == "number" and wanted not in ("number", "label"),
            **{"beside": competition.beside(), **more},
        )  # fmt: skip

    @property
    def exclusive(self) -> bool:
        """Whether a row is of exactly one of several classes."""
        return bool(self.classes) and self.predicts != "labels"

    @property
    def log_odds(self) -> bool:
        """Whether models predict probabilities, not numbers."""
        return bool(self.classes) or self.probability

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target

    def resolved(self, context: Context) -> Self:
        """Return the target with the classes of the run's training rows, where it names none itself."""
        if self.classes or not context.classes:
            return self
        return replace(self, classes=context.classes, names=context.classes)

    def codes(self, frame: DataFrame) -> NDArray[np.intp]:
        """Return the index of each row's label among the classes (n,).

        Raises:
            DataError: for a label that is none of the classes.
        """
        import pandas as pd

        values = [label for (label,) in labels_of(self, frame)] if self.predicts == "class" else frame[self.targets[0]]
        codes: NDArray[np.intp] = pd.Index(self.classes).get_indexer(pd.Index(values))
        if (codes < 0).any():
            label = values[codes.argmin()] if isinstance(values, list) else values[codes < 0].iloc[0]
            raise DataError(f"{self.target!r} holds {label!r}; known: {', '.join(map(str, self.classes))}")
        return codes

    def matrix(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return what is to be predicted: the numbers (n, targets), or 1 for each label of a row and 0 else (n, classes)."""
        import numpy as np

        if self.predicts == "labels":
            place = {label: position for position, label in enumerate(self.classes)}
            marks = np.zeros((len(frame), len(self.classes)))
            for row, labels in enumerate(labels_of(self, frame)):
                marks[row, [place[label] for label in labels if label in place]] = 1
            return marks
        if self.classes:
            return np.eye(len(self.classes))[self.codes(frame)]
        return frame[list(self.targets)].to_numpy(np.float64)

    def require_two_classes(self, frame: DataFrame) -> None:
        """Check that the rows are of more than one class.

        Raises:
            DataError: if they are all of the same one.
        """
        codes = self.codes(frame)
        if (codes == codes[0]).all():
            raise DataError(
                f"all {len(codes):,} training rows are of one class, {self.names[codes[0]]!r}; two are needed"
            )
