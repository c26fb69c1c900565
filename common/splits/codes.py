"""Columns as codes: of groups, of times, and of the classes whose distribution folds keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from common.competition import Split
from common.errors import SplitError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def present(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return a column whose empty cells are missing values: in a file nothing else tells that a value is missing."""
    return values if _is_measured(values) else values.mask(values.astype(str).str.strip() == "")


def _is_measured(values: pd.Series[Any]) -> bool:
    import pandas as pd

    return pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)


def of(
    frame: pd.DataFrame, name: str | None, kind: Literal["name", "number", "time"] = "name", *, alone: bool = False
) -> tuple[NDArray[np.intp], pd.Index[Any]]:
    """Return each row's position among the sorted values of a column, and those values.

    Text that is all numbers, as of a column that no competition describes, is numbers where their order matters. Nothing
    may be missing, unless each such row stands `alone`.
    """
    import numpy as np
    import pandas as pd

    values = present(frame[name])
    if kind != "name" and not _is_measured(values):
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().equals(values.notna()):
            values = numbers
        elif kind == "time":
            dates = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
            wrong = values.notna() & dates.isna()
            if wrong.any():
                example = values[wrong & numbers.isna() if (wrong & numbers.isna()).any() else wrong].iloc[0]
                raise SplitError(f"{name!r} holds {example!r}: neither numbers nor ISO 8601 dates; convert it")
            values = dates
    missing = values.isna().to_numpy()
    if missing.any() and not alone:
        other = ", or let each such row stand alone (--set split.without_group=alone)" if kind == "name" else ""
        raise SplitError(
            f"{name!r} is missing in {int(missing.sum())} rows, first in row {missing.argmax()}; "
            f"fill or drop those rows before the split{other}"
        )
    codes, names = pd.factorize(values, sort=True)
    codes[missing] = len(names) + np.arange(missing.sum())
    return codes, names.append(pd.Index(["none"] * missing.sum(), dtype=object)) if missing.any() else names


def classes(frame: pd.DataFrame, split: Split) -> NDArray[np.intp]:
    """Return the class of each row: a numeric column with more than `bins` distinct values is cut into quantiles.

    A number, or a quantile of many that are the same, with fewer rows than there are folds counts as its neighbour.
    """
    import numpy as np
    import pandas as pd

    codes, names = of(frame, split.stratify, kind="number")
    amounts = pd.api.types.is_numeric_dtype(frame[split.stratify])
    if pd.api.types.is_numeric_dtype(names) and len(names) > split.bins:
        # Quantiles of the codes are those of the values, and an infinite value is just the last one.
        codes, amounts = pd.qcut(codes, split.bins, labels=False, duplicates="drop"), True
    if amounts:
        codes = _merged(codes, 2 if split.holdout is not None else split.n_splits)
    sizes = np.bincount(codes)
    least = int(sizes.argmin())
    require(int(sizes[least]), f"class {names[least]} of {split.stratify!r} has {sizes[least]} rows", split)
    return codes


def _merged(codes: NDArray[np.intp], least: int) -> NDArray[np.intp]:
    """Return codes (n,) of which each has `least` rows, as far as there are: rare ones are put to their neighbours."""
    import numpy as np

    merged, size = [0], 0
    for rows in np.bincount(codes):
        merged.append(merged[-1] + (size + rows >= least))
        size = 0 if size + rows >= least else size + rows
    return np.minimum(merged[:-1], max(merged[-1] - 1, 0))[codes]


def require(count: int, what: str, split: Split) -> None:
    """Refuse too few groups, or rows of a class, for every fold or for both sides of a holdout."""
    needed = 2 if split.holdout is not None else split.n_splits
    if count < needed:
        fewer = f"; ask for fewer folds (--set split.n_splits={count})" if split.holdout is None and count > 1 else ""
        raise SplitError(f"{what}; {needed} are needed, one for each side or fold{fewer}")
