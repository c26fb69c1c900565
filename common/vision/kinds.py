"""A model for each kind of row, where a picture has several rows that ask for different things of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Model
from common.runs.predictions import placed

if TYPE_CHECKING:
    from pandas import DataFrame

_FILE = "kinds.json"


class KindsModel(Model):
    """Models of the rows that agree in the column `column`, each made by `make`."""

    def __init__(self, column: str, make: Callable[[], Model]) -> None:
        self.column, self.make = column, make
        self.models: dict[str, Model] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train a model for each kind."""
        for kind, rows in train.groupby(self.column, sort=True):
            self.models[str(kind)] = self.make()
            self.models[str(kind)].fit(rows, valid[valid[self.column] == kind])
        self.notes = {kind: dict(model.notes) for kind, model in self.models.items() if model.notes}

    def predict(self, frame: DataFrame) -> Any:
        """Return the prediction of each row by the model of its kind; the first one's for a kind never seen."""
        import numpy as np

        kinds = frame[self.column].astype(str).to_numpy()
        first = next(iter(self.models))
        own = np.where(np.isin(kinds, [*self.models]), kinds, first)
        parts = [(rows, model.predict(frame.iloc[rows])) for kind, model in self.models.items()
                 if len(rows := np.flatnonzero(own == kind))]  # fmt: skip
        made = placed(parts, len(frame))
        return made[:, 0] if getattr(made, "shape", ())[1:] == (1,) else made

    def save(self, folder: Path) -> None:
        """Write the models, each into a folder of its own."""
        (folder / _FILE).write_text(json.dumps([*self.models]), encoding="utf-8")
        for number, model in enumerate(self.models.values()):
            (folder / f"kind-{number}").mkdir()
            model.save(folder / f"kind-{number}")

    @classmethod
    def of(cls, folder: Path, column: str, load: Callable[[Path], Model]) -> KindsModel:
        """Return what `save` wrote; `load` reads a model."""
        made = cls(column, lambda: load(folder))
        for number, kind in enumerate(json.loads((folder / _FILE).read_text(encoding="utf-8"))):
            made.models[kind] = load(folder / f"kind-{number}")
        return made
