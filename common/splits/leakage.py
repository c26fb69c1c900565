"""What validation rows share with the rows that their fold trains on: groups, duplicates, near duplicates.

A model that has seen a row's duplicate scores better in cross-validation than on the leaderboard. Every check costs
time and memory linear in the rows (up to sorting), and none looks at the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from common.competition import Split
from common.errors import SplitError
from common.splits.codes import present
from common.splits.near_duplicates import near_duplicates
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_LEAST = 0.001  # one validation row in a thousand: less does not move a score
_EVIDENCE = (
    0.25  # how much more validation shares than the test; a test of 40 rows gets this far by chance once in 1000
)
_AS_MUCH = 0.5  # of the validation rows that equal a training row: so often test rows do where the board has them, too
_EXAMPLES = 3


@dataclass(frozen=True)
class Leak:
    """One way in which validation knows training; `fraction` is that of the validation rows, over all folds."""

    kind: Literal["group", "duplicate", "swapped", "near_duplicate"]
    message: str
    fraction: float
    examples: tuple[str, ...]


def check(
    frame: pd.DataFrame,
    folds: NDArray[np.integer[Any]],
    split: Split,
    *,
    inputs: Sequence[str],
    group: str | None = None,
    test: pd.DataFrame | None = None,
) -> list[Leak]:
    """Return what leaks from training into validation, the greatest fraction first.

    - Groups: values of `group` on both sides. With `test`, also values of any input column that validation shares
      with training far more often than the test does: there the split promises what the test does not keep.
    - Duplicates: rows that agree in all inputs. Swapped rows: those that do so in another order of the text inputs, as the
      pairs (a, b) and (b, a).
    - Near duplicates: alike in every input, where text may differ in case, punctuation, word order and by small
      edits (see `common.splits.near_duplicates`), and numbers by a thousandth of their standard deviation.

    Args:
        frame: The training rows, shape (n, columns).
        folds: The fold of each row as `make_folds` gives it, shape (n,).
        split: How they were made: a fold of a `time` split trains on earlier folds only.
        inputs: The columns that the model sees.
        group: The column whose values the test does not share with training, if that is known.
        test: The test rows; columns that they lack are not compared.

    Raises:
        SplitError: if the frame lacks a column or has another number of rows than there are folds.
    """
    wanted = dict.fromkeys((*inputs, *((group,) if group else ())))
    if missing := [name for name in wanted if name not in frame]:
        raise SplitError(f"the leakage check needs column {missing[0]!r}; the data has {', '.join(map(str, frame))}")
    if len(frame) != len(folds):
        raise SplitError(f"{len(frame)} rows but {len(folds)} folds; one fold per row is needed")
    if not (folds >= 0).any():
        return []
    n_valid, ordered = int((folds >= 0).sum()), split.kind == "time"
    leaks = [_shared_group(frame, test, name, folds, ordered, known=name == group) for name in wanted]
    if inputs:
        grouped = split.group is not None or bool(split.alike)
        leaks += _same_rows(frame.loc[:, list(inputs)], folds, ordered, grouped=grouped, test=test)
    serious = [leak for leak in leaks if leak is not None and leak.fraction >= max(_LEAST, 1 / n_valid)]
    return sorted(serious, key=lambda leak: -leak.fraction)


def between(parts: Mapping[str, pd.DataFrame], inputs: Sequence[str]) -> list[str]:
    """Return a message for each pair of tables that share rows, equal or nearly so in all inputs.

    A row counts once for each table before its own that holds an equal row, or else for one that holds a near duplicate.
    Rows that a test shares with training are no fault of the split, but good to know of.

    Args:
        parts: the tables by name; one that lacks an input is left out.
        inputs: the columns that the model sees.
    """
    import numpy as np
    import pandas as pd

    names = [name for name, table in parts.items() if {*inputs} <= {*table}]
    if len(names) < 2 or not inputs:  # where no input can be compared, such as of pictures, nothing is known
        return []
    rows = pd.concat([parts[name].loc[:, list(inputs)] for name in names], ignore_index=True)
    part = np.repeat(np.arange(len(names)), [len(parts[name]) for name in names])
    keys = pd.util.hash_pandas_object(rows, index=False).to_numpy()
    duplicate_of, messages = near_duplicates(rows, part, ordered=False), []
    for earlier, later in sorted(combinations(range(len(names)), 2), key=lambda pair: pair[1]):
        equal = (part == later) & np.isin(keys, keys[part == earlier])
        near = np.flatnonzero((part == later) & (duplicate_of >= 0) & (part[duplicate_of] == earlier) & ~equal)
        if equal.any() or near.size:
            messages.append(
                f"{names[later]} shares {plural(int(equal.sum()), 'row')} with {names[earlier]} in all inputs, and "
                f"{near.size:,} more nearly{_such_as(_pairs(rows, near[:1], duplicate_of))}"
            )
    return messages


def _shared_group(
    frame: pd.DataFrame, test: pd.DataFrame | None, name: str, folds: NDArray[Any], ordered: bool, known: bool
) -> Leak | None:
    """Return the leak by a column: any sharing if it is known to be the group, else more than the test shares."""
    import pandas as pd

    codes, values = pd.factorize(present(frame[name]))
    shared = _crossing(codes, folds, ordered)
    fraction = float(shared.sum() / (folds >= 0).sum())
    in_test = float(test[name].isin(values).mean()) if test is not None and len(test) and name in test else None
    if not known and (in_test is None or fraction < in_test + _EVIDENCE):
        return None
    examples = tuple(str(value) for value in frame[name][shared].unique()[:_EXAMPLES])
    than = "" if in_test is None else f", but only {in_test:.1%} of the test rows" if in_test < fraction else ""
    return Leak(
        "group",
        f"{fraction:.1%} of the validation rows have their {name!r} in training too{_such_as(examples)}{than}; "
        f"the score will be too good for rows of a new {name!r}. Split by group={name!r}",
        fraction,
        examples,
    )


def _same_rows(
    rows: pd.DataFrame, folds: NDArray[Any], ordered: bool, grouped: bool, test: pd.DataFrame | None
) -> list[Leak | None]:
    """Return the leaks by rows that are equal, equal but for the order of their inputs, and nearly equal.

    Equal rows are none where those of the test equal training rows about as often: the board shares them as folds do.
    """
    import numpy as np
    import pandas as pd

    equal = _crossing(_keys(rows), folds, ordered)
    texts: list[Any] = [name for name in rows if not pd.api.types.is_numeric_dtype(rows[name])]
    swapped = np.array([], dtype=np.intp)
    if len(texts) > 1:  # one text has no other order
        unordered = rows.astype(dict.fromkeys(texts, object))
        unordered[texts] = np.sort(rows[texts].astype(str).fillna("").to_numpy(object), axis=1)
        swapped = np.flatnonzero(_crossing(_keys(unordered), folds, ordered) & ~equal)
    duplicate_of = near_duplicates(rows, folds, ordered)
    n_valid = int((folds >= 0).sum())
    equal_rows, near_rows = np.flatnonzero(equal), np.flatnonzero((duplicate_of >= 0) & ~equal)
    examples = tuple(dict.fromkeys(_shown(rows, row) for row in equal_rows[:100]))[:_EXAMPLES]
    pairs = _pairs(rows, near_rows[:_EXAMPLES], duplicate_of)
    # The groups of a split by group are what they are: another group is no help there.
    keep = "" if grouped else ", or keep them together by a group"
    as_board = False
    if test is not None and len(test) and {*rows} <= {*test}:
        known = pd.util.hash_pandas_object(test[list(rows)].astype(rows.dtypes.to_dict(), errors="ignore"), index=False)
        in_test = known.isin(pd.util.hash_pandas_object(rows, index=False)).mean()
        as_board = in_test >= _AS_MUCH * len(equal_rows) / n_valid
    return [
        None
        if as_board
        else Leak(
            "duplicate",
            f"{len(equal_rows) / n_valid:.1%} of the validation rows equal a training row in all inputs"
            f"{_such_as(examples[:1])}; drop the duplicates{keep}",
            len(equal_rows) / n_valid,
            examples,
        ),
        Leak(
            "swapped",
            f"{len(swapped) / n_valid:.1%} of the validation rows are a training row with its inputs in another order"
            f"{_such_as([_shown(rows, row) for row in swapped[:1]])}; drop one of each two{keep}",
            len(swapped) / n_valid,
            tuple(_shown(rows, row) for row in swapped[:_EXAMPLES]),
        ),
        Leak(
            "near_duplicate",
            f"{len(near_rows) / n_valid:.1%} of the validation rows nearly equal a training row"
            f"{_such_as(pairs[:1])}; drop one row of each pair that means the same{keep}",
            len(near_rows) / n_valid,
            pairs,
        ),
    ]


def _keys(rows: pd.DataFrame) -> NDArray[np.intp]:
    """Return a number for each row, the same for equal rows."""
    import pandas as pd

    # 64 bits: among a million rows two different ones collide once in tens of millions of runs.
    return pd.factorize(pd.util.hash_pandas_object(rows, index=False).to_numpy())[0]


def _crossing(keys: NDArray[Any], folds: NDArray[Any], ordered: bool) -> NDArray[np.bool_]:
    """Return which validation rows have their key among the rows that their fold trains on; key -1 is in no other row.

    That is so if the lowest and highest fold of the key differ, since only one of them can be the row's own.
    """
    import numpy as np

    sides = folds.astype(np.int64)
    lowest = np.full(int(keys.max()) + 2, np.iinfo(np.int64).max)  # the last entry is for key -1
    highest = np.full(len(lowest), np.iinfo(np.int64).min)
    np.minimum.at(lowest, keys, sides)
    np.maximum.at(highest, keys, sides)
    crosses: NDArray[np.bool_] = lowest[keys] < sides if ordered else lowest[keys] != highest[keys]
    return crosses & (sides >= 0) & (keys >= 0)


def _shown(rows: pd.DataFrame, row: int) -> str:
    text = " | ".join(str(value) for value in rows.iloc[row])
    return repr(text if len(text) <= 80 else text[:79] + "…")


def _pairs(rows: pd.DataFrame, some: NDArray[np.intp], duplicate_of: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(f"{_shown(rows, row)} ~ {_shown(rows, duplicate_of[row])}" for row in some)


def _such_as(examples: Sequence[str]) -> str:
    return f" (such as {', '.join(examples)})" if examples else ""
