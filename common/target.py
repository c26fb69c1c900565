"""What is predicted: one of several classes, or a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import DataError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column that is predicted.

    `classes` are its values in the order of the submission's columns (of two classes, the second's probability is
    predicted), `names` what people call them. A column of numbers has neither.
    """

    target: str
    classes: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) == 1 or len(self.classes) != len(self.names):
            raise SettingError(
                f"a target needs two or more classes and a name for each, or is a number without either, got "
                f"{len(self.classes)} classes and {len(self.names)} names"
            )

    def codes(self, frame: DataFrame) -> NDArray[np.intp]:
        """Return the index of each row's label among the classes (n,).

        Raises:
            DataError: for a label that is none of the classes.
        """
        import pandas as pd

        codes: NDArray[np.intp] = pd.Index(self.classes).get_indexer(frame[self.target])
        if (codes < 0).any():
            label = frame[self.target][codes < 0].iloc[0]
            raise DataError(f"{self.target!r} holds {label!r}; known: {', '.join(map(str, self.classes))}")
        return codes

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
