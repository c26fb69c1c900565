"""What is predicted of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.errors import SettingError
from common.target import Target
from common.text.tokens.rules import FLD

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class TextTask(Target):
    """A target that one or several columns of text decide.

    Models have one output for two classes, the log-odds of the second, and one for each of more classes, labels or numbers.
    Of a target that is a piece of a text, the first of `texts` is cut, and columns `beside` it say how. Where the classes are
    columns of answers to choose from, `options` is what their names have before the class: nothing of A, B and C.
    """

    texts: tuple[str, ...]
    options: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.texts:
            raise SettingError("texts is empty; name the columns of text")

    @property
    def outputs(self) -> int:
        """The number of outputs of a model."""
        if self.exclusive:
            return len(self.classes) if len(self.classes) > 2 else 1
        return len(self.classes) or len(self.targets)

    def joined(self, frame: DataFrame) -> list[str]:
        """Return the text of each row; each of several columns begins with a mark and its number, as fastai has it."""
        columns: list[list[str]] = [frame[name].tolist() for name in self.texts]
        if len(columns) == 1:
            return columns[0]
        return [
            " ".join(f"{FLD} {number} {text}" for number, text in enumerate(row, 1))
            for row in zip(*columns, strict=True)
        ]

    def matrix(self, frame: DataFrame) -> NDArray[float64]:
        """Return what each output should be: the number, or 1 for what holds for the row and 0 else (n, outputs)."""
        return super().matrix(frame)[:, -self.outputs :]

    def predictions(self, outputs: NDArray[float64]) -> NDArray[float64]:
        """Return what is predicted for log-odds or numbers (n, outputs): (n,) of one output, else (n, outputs).

        Log-odds of several classes, each against the rest, become probabilities that sum to one as in scikit-learn.
        """
        from scipy.special import expit

        if self.log_odds:
            outputs = expit(outputs.clip(min=-100))  # a sum of nothing but zeros divides nothing
            if self.exclusive and self.outputs > 1:
                outputs = outputs / outputs.sum(axis=1, keepdims=True)
        return outputs[:, 0] if self.outputs == 1 else outputs
