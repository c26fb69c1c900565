"""Rows as the course's networks read them: what fastai's Categorify, FillMissing and Normalize make of columns.

fastai's own keep what they learnt in a pickle, which runs code when it is read.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from common.tabular.columns import Layout

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "processing.json"


@dataclass(frozen=True)
class Processing:
    """What was learnt of training rows.

    `values` are those of each category; medians fill the gaps of numbers, of which `gaps` have a category that marks them;
    means and spreads are of the filled numbers.
    """

    values: dict[str, list[str]]
    medians: dict[str, float]
    gaps: list[str]
    means: list[float]
    spreads: list[float]

    @classmethod
    def of(cls, frame: DataFrame, layout: Layout) -> Self:
        """Return what rows tell; a number that stands in none of them is left out."""
        import numpy as np

        values = {name: sorted(map(str, frame[name].unique())) for name in layout.categories}
        known = [name for name in layout.numbers if frame[name].notna().any()]
        numbers = frame[known]
        medians = numbers.median()
        filled = numbers.fillna(medians).to_numpy(np.float64)
        spreads = filled.std(axis=0)
        return cls(
            values, dict(zip(known, medians.tolist(), strict=True)),
            [name for name in known if numbers[name].isna().any()], filled.mean(axis=0).tolist(),
            np.where(spreads > 0, spreads, 1).tolist(),
        )  # fmt: skip

    @property
    def sizes(self) -> list[int]:
        """The codes of each category; 0 is of values that training has not seen."""
        return [*(len(values) + 1 for values in self.values.values()), *(3 for _ in self.gaps)]

    def __call__(self, frame: DataFrame) -> tuple[NDArray[int64], NDArray[float32]]:
        """Return codes (n, categories) and normalised numbers (n, numbers)."""
        import numpy as np
        import pandas as pd

        codes = [
            pd.Index(values, dtype=object).get_indexer(pd.Index(frame[name].astype(object))) + 1
            for name, values in self.values.items()
        ]
        codes += [frame[name].isna().to_numpy().astype(int) + 1 for name in self.gaps]
        numbers = frame[list(self.medians)].fillna(self.medians).to_numpy(np.float64)
        scaled = (numbers - np.array(self.means)) / np.array(self.spreads)
        empty = np.empty((len(frame), 0))
        return np.column_stack([empty, *codes]).astype(np.int64), scaled.astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write it as JSON."""
        (folder / FILE).write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        values: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(**values)
