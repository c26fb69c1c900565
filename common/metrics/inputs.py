"""A metric's inputs, checked and converted to plain arrays: numbers, labels, probabilities or scores.

Every function raises a `MetricError` that says what is wrong and in which row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.wording import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

_MOST_LABELS = 1000  # every pair of ordered labels is counted
_SUM_TOLERANCE = 1e-3  # how far a row of probabilities may be from one: half precision is no better


def squeezed(values: ArrayLike, what: str) -> Array:
    """Return values as an array of shape (n,) or (n, k) of the plainest type that holds them."""
    import numpy as np
    import pandas as pd

    try:
        array = np.asarray(values)
    except ValueError as error:
        raise MetricError(f"{what} has rows of different lengths") from error
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2):
        raise MetricError(f"{what} has shape {array.shape}, expected (rows,) or (rows, classes)")
    if array.dtype.kind == "U":
        array = array.astype(object)  # pandas would convert it again at every step
    elif array.dtype.kind == "O" and array.ndim == 1:
        array = pd.Series(array).infer_objects().to_numpy()  # pandas' nullable numbers arrive as objects
    return array.astype(np.int8) if array.dtype.kind == "b" else array


def column(values: ArrayLike, what: str) -> Array:
    """Return values as an array of shape (n,), not empty, without missing or infinite values."""
    import numpy as np
    import pandas as pd

    array = squeezed(values, what)
    if array.ndim != 1:
        raise MetricError(f"{what} has shape {array.shape}, expected one value per row")
    if not array.size:
        raise MetricError(f"{what} is empty; at least one row is needed")
    bad = ~np.isfinite(array) if array.dtype.kind == "f" else pd.isna(array) if array.dtype.kind == "O" else None
    if bad is not None and bad.any():
        raise MetricError(f"{what} is NaN, infinite or missing in {int(bad.sum())} rows, first in row {bad.argmax()}")
    return array


def as_float(array: Array, what: str) -> NDArray[np.float64]:
    """Return finite float64 values of the same shape; text is refused even where it could be parsed."""
    import numpy as np

    if array.dtype.kind not in "biufO" or (array.dtype.kind == "O" and any(isinstance(v, str) for v in array.flat)):
        raise MetricError(f"{what} must be numbers, got {str(array.flat[0])!r}")
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{what} must be numbers: {error}") from error
    finite = np.isfinite(numbers)
    if not finite.all():
        row = np.argwhere(~finite)[0, 0]
        raise MetricError(f"{what} is NaN or infinite in {int((~finite).sum())} cells, first in row {row}")
    return numbers


def refuse(bad: Array, values: Array, what: str, rule: str) -> None:
    """Raise a MetricError that names the rule and the first row that breaks it."""
    if bad.any():
        row = int(bad.argmax())
        raise MetricError(f"{what} {rule}, got {values[row]:g} in row {row}")


def weights(values: Array) -> NDArray[np.float64]:
    """Return the weights of the rows (n,): none below zero, not all zero."""
    numbers = as_float(values, "weight")
    refuse(numbers < 0, numbers, "weight", "must not be below zero")
    if not numbers.any():
        raise MetricError("weight is zero in every row")
    return numbers


def labels(truth: Array, prediction: Array, classes: Sequence[Any] | None) -> tuple[Array, Array]:
    """Return the class codes (n,) of the truth and of the prediction, which may be labels or probabilities."""
    import numpy as np
    import pandas as pd

    if prediction.ndim == 1:
        true_codes, true_names = pd.factorize(truth)
        codes, names = pd.factorize(column(prediction, "y_pred"))
        if _are_labels(names, true_names if classes is None else np.asarray(classes)):
            known = _sorted(true_names, names) if classes is None else _unique(classes)
            return _codes(true_codes, true_names, known, "y_true"), _codes(codes, names, known, "y_pred")
    true_codes, predicted = probabilities(truth, prediction, classes)
    # argmax would send a tie of two classes to the first; a probability of one half counts as the second.
    likeliest = predicted[:, 1] >= 0.5 if predicted.shape[1] == 2 else predicted.argmax(axis=1)
    return true_codes, likeliest.astype(np.intp)


def ordered(truth: Array, prediction: Array, classes: Sequence[Any] | None) -> tuple[Array, Array]:
    """Return class codes as `labels` does, whose differences are distances: of whole numbers those of their values."""
    import numpy as np

    if prediction.ndim == 1:
        prediction = column(prediction, "y_pred")
        if prediction.dtype.kind == "f":  # not a probability: a label between two labels
            refuse(prediction != np.floor(prediction), prediction, "y_pred", "must be a label, not a fraction")
    if classes is not None or prediction.ndim == 2:  # columns of probabilities stand for classes
        true_codes, codes = labels(truth, prediction, classes)
        places = None if classes is None else _places(classes)
        return (true_codes, codes) if places is None else (places[true_codes], places[codes])
    for what, values in (("y_true", truth), ("y_pred", prediction)):
        if values.dtype.kind not in "biuf":
            raise MetricError(f"{what} holds the label {str(values[0])!r}; pass all classes in their order")
        refuse(values != np.floor(values), values, what, "must be a whole number")
    ends = [float(end) for values in (truth, prediction) for end in (values.min(), values.max())]
    low, high = min(ends), max(ends)
    if high - low >= _MOST_LABELS:
        raise MetricError(f"labels go from {low:g} to {high:g}; at most {_MOST_LABELS:,} ordered labels are compared")
    true_codes, codes = ((values - low).astype(np.intp) for values in (truth, prediction))
    return true_codes, codes


def _places(classes: Sequence[Any]) -> Array | None:
    """Return where whole numbers, or texts of them, lie from the least of them on; None for other classes."""
    import numpy as np

    try:
        values = np.array(list(classes), dtype=np.float64)
    except (TypeError, ValueError):
        return None
    places = values - values.min()
    if not (np.floor(values) == values).all() or places.max() >= _MOST_LABELS:
        return None
    codes: Array = places.astype(np.intp)
    return codes


def _are_labels(names: Array, classes: Array) -> bool:
    """Distinguish labels from probabilities of the second class: those are fractional floats, or floats for text."""
    import numpy as np

    if names.dtype.kind != "f":
        return True
    if classes.dtype.kind in "OU":
        return False
    return bool((np.floor(names) == names).all() or np.isin(names, classes).all())


def probabilities(
    truth: Array, prediction: Array, classes: Sequence[Any] | None, bounded: bool = True
) -> tuple[Array, Array]:
    """Return class codes (n,) and probabilities (n, k) that sum to one."""
    import numpy as np
    import pandas as pd

    values = as_float(prediction, "y_pred")
    codes, names = pd.factorize(truth)
    known = _known(classes, names, 2 if prediction.ndim == 1 else prediction.shape[1])
    outside = (values < 0) | (values > 1)
    if bounded and outside.any():
        row = np.argwhere(outside)[0]
        raise MetricError(f"y_pred must be probabilities between 0 and 1, got {values[tuple(row)]:g} in row {row[0]}")
    values = np.column_stack((1 - values, values)) if values.ndim == 1 else _of_sum_one(values, "y_pred")
    return _codes(codes, names, known, "y_true"), values


def _of_sum_one(values: Array, what: str) -> Array:
    import numpy as np

    total = values.sum(axis=1)
    refuse(np.abs(total - 1) > _SUM_TOLERANCE, total, what, "must sum to 1 in each row")
    rows: Array = values / total[:, None]
    return rows


def distribution(values: Array, what: str) -> Array:
    """Return float64 (n, k) whose rows sum to one."""
    numbers = _matrix(values, what)
    low = numbers.min(axis=1)
    refuse(low < 0, low, what, "must not be below zero")
    return _of_sum_one(numbers, what)


def scores(truth: Array, prediction: Array) -> tuple[Array, Array]:
    """Return an indicator matrix (n, k) of zeros and ones, and scores (n, k)."""
    matrix = _matrix(truth, "y_true")
    bad = (matrix != 0) & (matrix != 1)
    refuse(bad.any(axis=1), matrix[range(len(matrix)), bad.argmax(axis=1)], "y_true", "must be 0 or 1")
    return matrix, _matrix(prediction, "y_pred")


def _matrix(values: Array, what: str) -> Array:
    if values.ndim != 2 or not values.size:
        raise MetricError(f"{what} has shape {values.shape}, expected one column per class and at least one row")
    return as_float(values, what)


def _sorted(*names: Array) -> Any:
    """Return the distinct labels of all arrays, sorted, as a pandas index."""
    import numpy as np
    import pandas as pd

    labels = pd.unique(np.concatenate([array.astype(object) for array in names]))  # objects, lest 1 become "1"
    try:
        return pd.Index(np.sort(labels)).infer_objects()
    except TypeError:
        examples = " and ".join({type(label): repr(label) for label in labels}.values())
        raise MetricError(f"labels of different types, such as {examples}; y_true and y_pred must have one") from None


def _unique(classes: Sequence[Any]) -> Any:
    import pandas as pd

    known = pd.Index(classes)
    if not known.is_unique:
        raise MetricError(f"classes must be unique, got {known[known.duplicated()].tolist()[0]!r} twice")
    return known


def _known(classes: Sequence[Any] | None, names: Array, count: int) -> Any:
    """Return the `count` classes that columns of probabilities stand for."""
    import pandas as pd

    if classes is not None:
        known = _unique(classes)
    else:
        known = _sorted(names)
        if known.isin(range(count)).all():
            known = pd.RangeIndex(count)
    if len(known) != count:
        source = "classes" if classes is not None else "y_true"
        raise MetricError(
            f"{source} has {len(known)} labels but y_pred has {count} classes; pass all classes in column order"
        )
    return known


def _codes(codes: Array, names: Array, known: Any, what: str) -> Array:
    """Return the position of each row's label among the known classes, given its position among `names`."""
    positions: Array = known.get_indexer(names)
    if (positions < 0).any():
        name = names[positions < 0][:1].tolist()[0]
        raise MetricError(f"{what} holds the label {name!r}; known classes: {listed(known, 10)}")
    return positions[codes]
