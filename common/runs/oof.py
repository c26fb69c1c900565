"""A run's out-of-fold (OOF) predictions: of each row, by the model of the fold that held it back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import SubmissionFormat
from common.errors import RunError
from common.files import atomic_write
from common.masks.soft import SoftMasks
from common.runs.predictions import Predictions, placed
from common.runs.run import Run
from common.wording import first_line

if TYPE_CHECKING:
    from numpy import float64, int16
    from numpy.typing import ArrayLike, NDArray
    from pandas import DataFrame, Series

FILE, TEST_FILE = "oof.csv", "test_predictions.csv"
TARGET, _PREDICTION = "target", "prediction"


def gather(run: Run, folds: NDArray[int16]) -> Predictions:
    """Return the finished folds' predictions (n, k), NaN in rows that no fold has predicted; of masks, none there."""
    import numpy as np

    parts = ((np.flatnonzero(folds == number), run.predictions(number, "valid")) for number in run.finished())
    return placed(parts, len(folds))


def write(folder: Path, ids: ArrayLike, folds: ArrayLike, targets: DataFrame, predictions: Predictions) -> None:
    """Write id and fold (n,), target columns and predictions (n, k) of all rows; a missing prediction is empty.

    Masks are not written again: they stay in the folders of the folds.
    The column of a single target is `target`, others are `target_` and their name.
    """
    import numpy as np
    import pandas as pd

    labels = {TARGET if targets.shape[1] == 1 else f"{TARGET}_{name}": targets[name] for name in targets}
    columns = {"id": ids, "fold": folds, **labels, **_columns(predictions)}
    frame = pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})
    with atomic_write(folder / FILE, "w") as handle:
        frame.to_csv(handle, index=False, lineterminator="\n")


def write_test(folder: Path, ids: Series[str], predictions: Predictions, format: SubmissionFormat) -> None:
    """Write the mean of the folds' predictions (n, k) of the test set, where a submission does not hold the numbers."""
    if isinstance(predictions, SoftMasks):
        return
    frame = ids.to_frame(format.id).assign(**_columns(predictions.reshape(len(ids), -1)))
    with atomic_write(folder / TEST_FILE, "w") as handle:
        frame.to_csv(handle, index=False, lineterminator="\n", sep=format.separator)


def _columns(predictions: Predictions) -> dict[str, NDArray[float64]]:
    if isinstance(predictions, SoftMasks):
        return {}
    count = predictions.shape[1]
    names = [_PREDICTION] if count == 1 else [f"{_PREDICTION}_{column}" for column in range(count)]
    return dict(zip(names, predictions.T, strict=True))


def read(run: Run) -> tuple[DataFrame, list[str]]:
    """Return id, fold, target and the predictions of every row, and the names of the columns of predictions.

    Raises:
        RunError: if the run has none yet, or a damaged file of them.
    """
    import pandas as pd

    path = run.folder / FILE
    if not path.is_file():
        raise RunError(f"{run.folder} has no out-of-fold predictions yet; finish it first")
    try:
        columns = [name for name in map(str, pd.read_csv(path, nrows=0)) if name.startswith(_PREDICTION)]
        # Only an empty prediction is missing: an id may well be "NA".
        oof = pd.read_csv(path, dtype={"id": str}, keep_default_na=False, na_values={name: [""] for name in columns})
    except ValueError as error:
        raise RunError(
            f"{path} is damaged ({first_line(error)}); the command that made the run writes it anew"
        ) from None
    return oof, columns
