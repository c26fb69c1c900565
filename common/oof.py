"""Reading a run's out-of-fold predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import RunError
from common.runs import Run

if TYPE_CHECKING:
    from pandas import DataFrame

FILE = "oof.csv"
_PREDICTION = "prediction"


def read(run: Run) -> tuple[DataFrame, list[str]]:
    """Return id, fold, target and the predictions of every row, and the names of the columns of predictions.

    Raises:
        RunError: if the run has none yet.
    """
    import pandas as pd

    path = run.folder / FILE
    if not path.is_file():
        raise RunError(f"{run.folder} has no out-of-fold predictions yet; finish it first")
    columns = [name for name in map(str, pd.read_csv(path, nrows=0)) if name.startswith(_PREDICTION)]
    # Only an empty prediction is missing: an id may well be "NA".
    oof = pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={name: [""] for name in columns})
    return oof, columns
