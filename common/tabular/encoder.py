"""Columns as numbers, fitted to training rows only.

Categories of few values are codes. Of more, each value stands for the mean target of its rows, shrunk towards that of all;
a training row's own target is never in what it is given: its part of the rows is left out (cross-fitting).
Source: Micci-Barreca, "A Preprocessing Scheme for High-Cardinality Categorical Attributes" (2001).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.tabular.columns import Layout
from common.tabular.settings import Features
from common.tabular.texts import TextFeatures

if TYPE_CHECKING:
    from numpy import float32, float64, int32, intp
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

VALUES, MEANS = "values.json", "means.npz"


@dataclass(frozen=True)
class Encoded:
    """Rows as models read them.

    `x` (n, features) holds numbers, with NaN for gaps, then the codes of the categories of few values, then what their
    target says of the others. `few` are the places of those codes, `targeted` those of the last. `many` are codes of
    the categories of many values (n, categories), -1 of a value that training has not seen.
    """

    x: NDArray[float32]
    names: tuple[str, ...]
    few: tuple[int, ...]
    targeted: tuple[int, ...]
    many: NDArray[int32]

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Any) -> Encoded:
        return Encoded(self.x[rows], self.names, self.few, self.targeted, self.many[rows])


class Encoder:
    """What was learnt of the training rows about each column."""

    def __init__(self, layout: Layout, settings: Features, seed: int) -> None:
        self.layout, self.settings = layout, settings
        self.texts = {name: TextFeatures(settings, seed) for name in layout.texts}
        self.values: dict[str, list[str]] = {}  # of each category
        self.empty: list[str] = []  # numbers that no training row has; they say nothing
        self.means: dict[str, NDArray[float64]] = {}  # (values + 1, signals) of those of many values

    def fit_transform(self, frame: DataFrame, signals: NDArray[float64], folds: NDArray[Any]) -> Encoded:
        """Learn from rows and return them encoded.

        Args:
            frame: n rows.
            signals: what a value or a text stands for (n, signals).
            folds: the part of the rows that each belongs to (n,), which is left out of what it is given.
        """
        import numpy as np
        import pandas as pd

        self.empty = [name for name in self.layout.numbers if frame[name].isna().all()]
        many: list[NDArray[Any]] = []
        for name in self.layout.categories:
            codes, distinct = pd.factorize(frame[name], sort=True)
            self.values[name] = [str(value) for value in distinct]
            if len(distinct) > self.settings.few:
                self.means[name] = self._shrunk(codes, signals, signals.mean(axis=0), len(distinct))
                given = np.empty_like(signals)
                for fold in np.unique(folds):
                    inside = folds == fold
                    overall = signals[~inside].mean(axis=0)
                    given[inside] = self._shrunk(codes[~inside], signals[~inside], overall, len(distinct))[
                        codes[inside]
                    ]
                many.append(given)
        texts = [self.texts[name].fit_transform(frame[name], signals, folds) for name in self.layout.texts]
        return self._encoded(frame, many, texts)

    def transform(self, frame: DataFrame) -> Encoded:
        """Return other rows encoded."""
        many = [means[self._codes(frame[name], name)] for name, means in self.means.items()]
        return self._encoded(frame, many, [self.texts[name].transform(frame[name]) for name in self.layout.texts])

    def save(self, folder: Path) -> None:
        """Write what was learnt, without code."""
        import numpy as np

        about = {"values": self.values, "empty": self.empty}
        (folder / VALUES).write_text(json.dumps(about) + "\n", encoding="utf-8")
        np.savez(folder / MEANS, **{str(number): means for number, means in enumerate(self.means.values())})  # type: ignore[arg-type]
        for number, text in enumerate(self.texts.values()):
            (folder / f"text-{number}").mkdir()
            text.save(folder / f"text-{number}")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        about = json.loads((folder / VALUES).read_text(encoding="utf-8"))
        self.values, self.empty = about["values"], about["empty"]
        names = [name for name, values in self.values.items() if len(values) > self.settings.few]
        with np.load(folder / MEANS, allow_pickle=False) as means:
            self.means = {name: means[str(number)] for number, name in enumerate(names)}
        for number, text in enumerate(self.texts.values()):
            text.read(folder / f"text-{number}")

    def _encoded(self, frame: DataFrame, many: list[NDArray[Any]], texts: list[NDArray[Any]]) -> Encoded:
        import numpy as np

        layout = self.layout
        few = [name for name in layout.categories if name not in self.means]
        names = [*layout.numbers]
        for name, described in zip(layout.texts, texts, strict=True):
            names += [f"{name} · {number}" for number in range(1, described.shape[1] + 1)]
        n_numbers = len(names)
        names += [*few]
        for name, given in zip(self.means, many, strict=True):
            names += [f"{name} · target {number}" for number in range(1, given.shape[1] + 1)]
        x = np.empty((len(frame), len(names)), np.float32)
        for place, name in enumerate(layout.numbers):
            x[:, place] = 0 if name in self.empty else frame[name].to_numpy(np.float64).clip(-3e38, 3e38)
        at = len(layout.numbers)
        for described in texts:
            x[:, at : at + described.shape[1]] = described
            at += described.shape[1]
        for name in few:
            codes = self._codes(frame[name], name)
            x[:, at] = np.where(codes < 0, np.nan, codes)
            at += 1
        for given in many:
            x[:, at : at + given.shape[1]] = given
            at += given.shape[1]
        seen = [self._codes(frame[name], name).astype(np.int32) for name in self.means]
        return Encoded(
            x, tuple(names), tuple(range(n_numbers, n_numbers + len(few))),
            tuple(range(n_numbers + len(few), len(names))),
            np.column_stack(seen) if seen else np.empty((len(frame), 0), np.int32),
        )  # fmt: skip

    def _codes(self, values: Series[Any], name: str) -> NDArray[intp]:
        import pandas as pd

        codes: NDArray[intp] = pd.Index(self.values[name], dtype=object).get_indexer(pd.Index(values.astype(object)))
        return codes

    def _shrunk(
        self, codes: NDArray[intp], signals: NDArray[float64], overall: NDArray[float64], count: int
    ) -> NDArray[float64]:
        """Return the shrunk mean of each value (count + 1, signals), at last that of values not seen."""
        import numpy as np

        rows = np.bincount(codes, minlength=count + 1)[:, None]
        sums = np.column_stack([np.bincount(codes, signal, minlength=count + 1) for signal in signals.T])
        smoothing = self.settings.smoothing
        means: NDArray[float64] = (sums + smoothing * overall) / (rows + smoothing)
        return means
