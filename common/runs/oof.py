"""A run's out-of-fold (OOF) predictions: of each row, by the model of the fold that held it back."""

from __future__ import annotations

from csv import reader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import wording
from common.competition import SubmissionFormat
from common.decisions.classes import as_label
from common.errors import RunError
from common.files import atomic_write
from common.masks.soft import SoftMasks
from common.runs.predictions import Predictions, placed
from common.runs.run import Run
from common.submission.writing import write_lines
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
    predicted = _columns(predictions)
    columns = {"id": ids, "fold": folds, **labels, **predicted}
    frame = pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})
    with atomic_write(folder / FILE, "w") as handle:
        handle.write(frame.head(0).to_csv(index=False, lineterminator="\n"))
        write_lines(frame, handle, predicted)


def write_test(folder: Path, ids: Series[str], predictions: Predictions, format: SubmissionFormat) -> None:
    """Write the mean of the folds' predictions (n, k) of the test set, where a submission does not hold the numbers."""
    import pandas as pd

    if isinstance(predictions, SoftMasks):
        return
    predicted = _columns(predictions.reshape(len(ids), -1))
    frame = pd.DataFrame({format.id: ids.to_numpy(), **predicted})
    with atomic_write(folder / TEST_FILE, "w") as handle:
        handle.write(frame.head(0).to_csv(index=False, lineterminator="\n", sep=format.separator))
        write_lines(frame, handle, predicted, separator=format.separator)


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
    import pyarrow as pa
    from pyarrow import csv

    path = run.folder / FILE
    if not path.is_file():
        raise RunError(f"{run.folder} has no out-of-fold predictions yet; finish it first")
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            header = next(reader(handle), [])
        columns = [name for name in header if name.startswith(_PREDICTION)]
        if not {"id", "fold"} <= {*header}:
            raise ValueError("it has no columns id and fold")
        types = {"id": pa.string(), "fold": pa.int64()} | dict.fromkeys(columns, pa.float64())
        # Classes such as 007 are no numbers.
        if any(as_label(wording.number(label)) != label for label in run.record.classes):
            types |= {TARGET: pa.string()}
        # Only an empty prediction is missing: an id may well be "NA".
        options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False)
        table = csv.read_csv(path, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True))
    except (ValueError, OSError) as error:
        raise RunError(
            f"{path} is damaged ({first_line(error)}); the command that made the run writes it anew"
        ) from None
    frame: DataFrame = table.to_pandas()
    return frame, columns


def read_test(run: Run, format: SubmissionFormat) -> tuple[NDArray[Any], NDArray[float64], dict[str, NDArray[Any]]]:
    """Return the ids of the test rows (m,), their predictions (m, k), and the submission's echoed columns as text.

    Raises:
        RunError: if they are gone or damaged.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    path = run.folder / (format.file_name if format.numeric else TEST_FILE)
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            header = next(reader(handle, delimiter=format.separator), [])
        columns = [name for name in header if name not in (format.id, *format.copied)]
        types = {name: pa.float64() if name in columns else pa.string() for name in header}
        options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False)
        table = csv.read_csv(path, convert_options=options, parse_options=csv.ParseOptions(delimiter=format.separator))
        values = np.column_stack([table[name].to_numpy() for name in columns])
        parts = (format.id,) if format.id in header else format.parts
        ids = np.array(
            ["_".join(row) for row in zip(*(table[name].to_pylist() for name in parts), strict=True)], object
        )
    except (ValueError, KeyError, OSError) as error:
        raise RunError(
            f"{path} is damaged ({first_line(error)}); the command that made the run writes it anew"
        ) from None
    return ids, values, {name: table[name].to_numpy() for name in format.copied if name in header}
