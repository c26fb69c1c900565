"""One step between what a model predicts and what is submitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from common.competition import Competition
from common.decisions import masks
from common.decisions.classes import spelled
from common.errors import SubmissionError
from common.metrics import get
from common.wording import plural

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

Kind = Literal["numbers", "label", "cuts", "top", "threshold", "span", "masks", "pixels"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How predictions (n, k), a mean over folds, become the cells of a submission.

    numbers: they are submitted as they are (of two classes the second's probability).
    label: the class whose probability times its weight is largest; no `weights` are weights of one.
    cuts: of ordered classes, the number of `cuts` that the expected position of the class exceeds.
    top: the likeliest classes, as many as a cell lists.
    threshold: the labels whose probability reaches `threshold`, the likeliest if there is none and a cell has to list one.
    span: the piece of the row's text between two positions, in characters, stretched to whole words.
    masks: run lengths of what reaches `threshold` in soft masks, or of its objects of `smallest` pixels or more.
    pixels: the likeliest class of each pixel.
    """

    kind: Kind
    classes: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    cuts: tuple[float, ...] = ()
    threshold: float = 0.5
    smallest: int = 16

    @classmethod
    def plain(cls, competition: Competition, classes: tuple[str, ...]) -> Decision:
        """Return the decision of a competition before anything is learnt for it."""
        cell = competition.submission.cell
        kind: Kind = "numbers"
        if not competition.submission.numeric:
            match competition.predicts:
                case "class" if cell.kind == "labels":
                    kind = "top"
                case "class" if len(classes) > 2 and get(competition.metric).ordered:
                    kind = "cuts"
                case "class":
                    kind = "label"
                case "labels":
                    kind = "threshold"
                case "span":
                    kind = "span"
                case "masks":
                    kind = "pixels" if competition.submission.packed else "masks"
        cuts = tuple(position + 0.5 for position in range(len(classes) - 1)) if kind == "cuts" else ()
        return cls(kind=kind, classes=classes, cuts=cuts)

    @property
    def learns(self) -> bool:
        """Whether anything about it is learnt."""
        return self.kind in ("label", "cuts", "threshold", "masks")

    def apply(self, predictions: Any, rows: DataFrame, competition: Competition) -> NDArray[Any]:
        """Return what is submitted (n, targets): float64 numbers, or text.

        Args:
            predictions: (n,) or (n, k), or soft masks.
            rows: the n rows that they are of.
            competition: whose submission it is.
        """
        import numpy as np

        format = competition.submission
        if self.kind in ("masks", "pixels"):
            return masks.cells(predictions, rows, format.cell, self.threshold, self.smallest)
        values: NDArray[float64] = predictions.reshape(len(predictions), -1)
        if self.kind == "numbers":
            if competition.predicts == "class" and {len(format.targets), values.shape[1]} == {1, 2}:
                return values[:, 1:] if len(format.targets) == 1 else both(values)
            # One number is asked for several times, such as for each of the months to come.
            return np.repeat(values, len(format.targets), axis=1) if values.shape[1] == 1 else values
        if self.kind == "span":
            return column(_spans(values, rows[format.cell.source].tolist()))
        cell, names = format.cell, np.array(spelled(self.classes, format.cell.labels), object)
        if self.kind == "cuts":
            return column(names[np.searchsorted(self.cuts, positions(values))])
        values = both(values) if competition.predicts == "class" else values
        if self.kind == "label":
            return column(names[(values * (self.weights or 1)).argmax(axis=1)])
        count = values.shape[1] if cell.at_most is None else min(cell.at_most, values.shape[1])
        best = np.argsort(-values, axis=1, kind="stable")[:, :count]
        if self.kind == "top":
            return column([cell.separator.join(names[row]) for row in best])
        chosen = np.take_along_axis(values, best, axis=1) >= self.threshold
        chosen[:, 0] |= not (cell.may_be_empty or cell.empty)
        return column(
            [cell.separator.join(names[row[mask]]) or cell.empty for row, mask in zip(best, chosen, strict=True)]
        )

    def require(self, predictions: Any, rows: int, competition: Competition) -> None:
        """Check what a model gives for `rows` rows.

        Raises:
            SubmissionError: unless there are as many predictions, each of as many numbers as there are classes or targets.
        """
        if self.kind in ("masks", "pixels"):
            return
        targets, classes = len(competition.submission.targets), len(self.classes)
        if self.kind == "numbers":
            allowed = {1, targets} | ({2} if competition.predicts == "class" and targets < 3 else set())
        elif self.kind == "span":
            allowed = {2}
        else:
            one = self.kind == "cuts" or (competition.predicts == "class" and classes == 2)
            allowed = {classes} | ({1} if one else set())
        columns = predictions.size // max(len(predictions), 1)
        if len(predictions) != rows or columns not in allowed:
            wanted = " or ".join(map(str, sorted(allowed)))
            raise SubmissionError(
                f"the model predicts {plural(len(predictions), 'row')} of {plural(columns, 'column')}, "
                f"expected {rows:,} of {wanted}"
            )


def column(cells: Any) -> NDArray[Any]:
    """Return cells as an array (n, 1) of objects."""
    import numpy as np

    return np.array(cells, object).reshape(-1, 1)


def both(values: NDArray[float64]) -> NDArray[float64]:
    """Return the probabilities of both classes (n, 2) for those of the second (n, 1); others as they are."""
    import numpy as np

    return np.column_stack((1 - values[:, 0], values[:, 0])) if values.shape[1] == 1 else values


def positions(values: NDArray[float64]) -> NDArray[float64]:
    """Return the expected position of the class (n,), of probabilities (n, k) or of positions themselves (n, 1)."""
    import numpy as np

    expected: NDArray[float64] = values[:, 0] if values.shape[1] == 1 else values @ np.arange(values.shape[1])
    return expected


def _spans(values: NDArray[float64], texts: list[str]) -> list[str]:
    """Return the piece of each text from its first position to before its second, stretched to whole words."""
    pieces = []
    for (start, end), text in zip(values.round().astype(int).tolist(), texts, strict=True):
        start, end = max(min(start, len(text)), 0), max(min(end, len(text)), 0)
        while start > 0 and not text[start - 1].isspace():
            start -= 1
        while 0 < end < len(text) and not text[end].isspace() and not text[end - 1].isspace():
            end += 1
        pieces.append(text[start:end].strip() or text.strip())
    return pieces
