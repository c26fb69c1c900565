"""Folds as one integer column: where each row validates.

Fold numbers 0..k-1 name the fold in which a row validates; -1 means that it is always in training. The same seed gives the
same folds on every machine, whatever the frame's index, and for splits by group whatever the order of the rows.
"""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Split
from common.errors import SplitError
from common.splits import codes
from common.wording import listed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Folds = NDArray[np.int16]

ALWAYS_TRAIN = -1
_MAX_FOLDS = 1000


def make_folds(frame: pd.DataFrame, split: Split) -> Folds:
    """Return the fold of each row.

    Args:
        frame: The training rows, shape (n, columns).
        split: How to divide them. With `split.holdout` there is a single fold 0 of about that fraction of the rows.

            - `random`: scikit-learn's shuffled KFold; a holdout takes the rows that `train_test_split` of Hugging
              Face `datasets` takes.
            - `stratified`: scikit-learn's shuffled StratifiedKFold (StratifiedShuffleSplit for a holdout).
            - `group`, `stratified_group`: all rows of a group, or all that agree in `split.alike`, are in one fold;
              folds are as similar in size, and in the distribution of `split.stratify`, as the groups allow.
            - `time`: an expanding window. Rows are cut into `n_splits + 1` blocks by `split.order`; the first
              block is always in training, fold k validates on block k + 1. Rows of equal time share a block. Train
              fold k on earlier rows only: see `train_and_valid`.
            - `folder`: rows whose path has a folder among `split.valid_names` are fold 0, all others -1.
            - `column`: the column's own numbers, -1 upwards.

    Returns:
        int16 of shape (n,).

    Raises:
        SplitError: if the data cannot give such folds.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"anchor": ["a", "a", "b", "b", "c"]})
    >>> make_folds(frame, Split(kind="group", group="anchor", n_splits=3)).tolist()
    [1, 1, 0, 0, 2]
    >>> make_folds(frame, Split(kind="random", holdout=0.4)).tolist()
    [-1, -1, 0, -1, 0]
    """
    import numpy as np

    if frame.empty:
        raise SplitError("the frame is empty; a split needs rows")
    for name in (split.group, *split.alike, split.stratify, split.order, split.column):
        if name is not None and name not in frame:
            raise SplitError(f"the split needs column {name!r}; the data has {', '.join(map(str, frame.columns))}")
    if split.n_splits > _MAX_FOLDS:
        raise SplitError(f"{split.n_splits} folds; at most {_MAX_FOLDS} are supported")
    folds = np.asarray(_KINDS[split.kind](frame, split), dtype=np.int16)
    sizes = np.bincount(folds[folds >= 0])
    if not sizes.size or not sizes.all() or sizes.max() == len(folds):
        _refuse_empty(split, sizes)
    return folds


def train_and_valid(folds: Folds, fold: int, split: Split) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the masks of training and validation rows of one fold, each of shape (n,).

    A fold trains on all rows that it does not validate on; of a `time` split only on those of earlier blocks.
    """
    valid = folds == fold
    return (folds < fold if split.kind == "time" else ~valid), valid


def groups_of(frame: pd.DataFrame, split: Split) -> NDArray[np.intp] | None:
    """Return the group of each row (n,) as a number, or None where the split has no groups."""
    if split.kind not in ("group", "stratified_group"):
        return None
    return _groups(frame, split)[0]


def save_folds(ids: pd.Series[Any], folds: Folds, path: Path, groups: NDArray[np.intp] | None = None) -> None:
    """Write ids, folds and groups as CSV, atomically."""
    import pandas as pd

    from common.files import atomic_write

    with atomic_write(path, "w") as file:
        columns = {"id": ids.to_numpy(), "fold": folds} | ({} if groups is None else {"group": groups})
        pd.DataFrame(columns).to_csv(file, index=False, lineterminator="\n")


def _refuse_empty(split: Split, sizes: NDArray[np.intp]) -> None:
    if not sizes.size:
        raise SplitError(f"no row validates in the {split.kind} split; at least one is needed")
    if not sizes.all():
        raise SplitError(f"fold {sizes.argmin()} of the {split.kind} split has no rows; folds are numbered from 0")
    raise SplitError(f"all rows of the {split.kind} split validate in fold 0; some must be left for training")


# Kinds ---------------------------------------------------------------------------------------------------------------


def _random(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np
    from sklearn.model_selection import KFold

    _enough_rows(len(frame), split)
    if split.holdout is None:
        return _from_splitter(KFold(split.n_splits, shuffle=True, random_state=split.seed), np.zeros(len(frame)))
    folds = np.full(len(frame), ALWAYS_TRAIN)
    # As `datasets.Dataset.train_test_split` draws, so that published scores on its splits can be compared.
    folds[np.random.default_rng(split.seed).permutation(len(frame))[: ceil(split.holdout * len(frame))]] = 0
    return folds


def _stratified(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np
    from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

    _enough_rows(len(frame), split)
    classes = codes.classes(frame, split)
    if split.holdout is None:
        return _from_splitter(StratifiedKFold(split.n_splits, shuffle=True, random_state=split.seed), classes)
    n_valid, n_classes = ceil(split.holdout * len(frame)), len(np.unique(classes))
    if min(n_valid, len(frame) - n_valid) < n_classes:
        raise SplitError(
            f"a holdout of {split.holdout:g} divides {len(frame)} rows into {n_valid} and {len(frame) - n_valid}; "
            f"each side needs a row of each of the {n_classes} classes of {split.stratify!r}"
        )
    return _from_splitter(StratifiedShuffleSplit(1, test_size=n_valid, random_state=split.seed), classes)


def _from_splitter(splitter: Any, classes: NDArray[Any]) -> NDArray[Any]:
    """Return the fold column of a scikit-learn splitter."""
    import numpy as np

    folds = np.full(len(classes), ALWAYS_TRAIN)
    for fold, (_, valid) in enumerate(splitter.split(classes, classes)):
        folds[valid] = fold
    return folds


def _group(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np

    from common.splits.groups import deal_groups

    groups, names = _groups(frame, split)
    codes.require(len(names), f"{split.group or 'the rows alike'!r} has {len(names)} groups", split)
    classes = codes.classes(frame, split) if split.kind == "stratified_group" else np.zeros(len(frame), dtype=np.intp)
    if split.holdout is None:
        return deal_groups(groups, classes, [1 / split.n_splits] * split.n_splits, split.seed)
    folds = -deal_groups(groups, classes, [split.holdout, 1 - split.holdout], split.seed)  # the rest is fold -1
    if not (folds == 0).any():
        raise SplitError(
            f"no group of {split.group or 'the rows alike'!r} is small enough for a holdout of {split.holdout:g}; raise it"
        )
    return folds


def _groups(frame: pd.DataFrame, split: Split) -> tuple[NDArray[np.intp], pd.Index[Any]]:
    import pandas as pd

    if split.group is not None and split.group_before is not None:
        values, mark = frame[split.group], split.group_before
        timed = pd.api.types.is_datetime64_any_dtype(values)
        text = values.dt.strftime(f"%Y-%m-%d{mark}%H:%M:%S") if timed else values.astype(str)
        frame = frame.assign(**{split.group: text.str.partition(mark)[0]})
    if split.alike:
        keys = pd.util.hash_pandas_object(frame[list(split.alike)], index=False)  # the same for equal rows
        return pd.factorize(keys, sort=True)
    return codes.of(frame, split.group, alone=split.without_group == "alone")


def _time(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np

    moments, names = codes.of(frame, split.order, kind="time")
    n_valid = ceil(split.holdout * len(frame)) if split.holdout is not None else 0
    block = len(frame) // (split.n_splits + 1)
    starts = [len(frame) - n_valid] if n_valid else [len(frame) - block * k for k in range(split.n_splits, 0, -1)]
    # Rows as late as the first row of a block belong to it, so that equal times never stand on both sides.
    first = np.sort(moments)[np.minimum(starts, len(frame) - 1)]
    if first[0] == 0 or len(set(first)) < len(first):
        raise SplitError(
            f"{split.order!r} has {len(names)} distinct times in {len(frame)} rows, "
            f"too few or too uneven for {len(first) + 1} blocks in order; lower n_splits"
        )
    return np.searchsorted(first, moments, side="right") - 1


def _folder(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np

    paths = frame[split.column].astype(str)
    names = "|".join(map(re.escape, split.valid_names))
    valid = paths.str.contains(rf"(?:^|[/\\])(?:{names})[/\\]", regex=True).to_numpy(dtype=bool)
    if not valid.any():
        seen = sorted(set(paths.head(1000).str.replace(r"[^/\\]*$", "", regex=True)))
        raise SplitError(
            f"no path in {split.column!r} has a folder named {', '.join(split.valid_names)}; folders: {listed(seen, 5)}"
        )
    return np.where(valid, 0, ALWAYS_TRAIN)


def _column(frame: pd.DataFrame, split: Split) -> NDArray[Any]:
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(frame[split.column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~((numbers >= ALWAYS_TRAIN) & (numbers < _MAX_FOLDS) & (np.floor(numbers) == numbers))
    if bad.any():
        value = frame[split.column].iloc[int(bad.argmax())]
        raise SplitError(
            f"column {split.column!r} holds {value!r} in row {bad.argmax()}; "
            f"folds must be integers from {ALWAYS_TRAIN} (always in training) to {_MAX_FOLDS - 1}"
        )
    return numbers


_KINDS = {
    "random": _random,
    "stratified": _stratified,
    "group": _group,
    "stratified_group": _group,
    "time": _time,
    "folder": _folder,
    "column": _column,
}


# Columns -------------------------------------------------------------------------------------------------------------


def _enough_rows(n_rows: int, split: Split) -> None:
    needed = 2 if split.holdout is not None else split.n_splits
    if n_rows < needed:
        raise SplitError(f"{n_rows} rows cannot be divided into {needed} parts; lower n_splits or add rows")
