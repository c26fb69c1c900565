"""What the columns of a table are, and those that are made of them row by row: parts of a cell, and counts of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from common.errors import SettingError
from common.tabular.similarity import similarities

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Counts = dict[str, tuple[NDArray[np.uint64], NDArray[np.int64]]]

How = Literal["date", "parts", "number", "rows", "length", "name", "similarity"]

FILE, COUNTS = "columns.json", "counts.npz"  # in a run's folder
DATE_PARTS = ("year", "month", "day", "weekday", "hour", "yearday", "days")
NUMBER = re.compile(r"([A-Za-z$€£#]{0,4})\s?([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(\s?[A-Za-z%°²³/]{0,12})")


@dataclass(frozen=True)
class Step:
    """How further columns `names` are made of the column `source`.

    `option` is what divides parts, the order of a date, or the column that the source is compared with.
    """

    how: How
    source: str
    names: tuple[str, ...]
    option: str = ""


@dataclass(frozen=True)
class Layout:
    """The columns that are features, by what they are, and the steps that make those that no file holds."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    texts: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All features."""
        return (*self.numbers, *self.categories, *self.texts)

    def only(self, names: Collection[str]) -> Layout:
        """Return the layout without the columns that are not among `names`.

        Raises:
            SettingError: for a name that is none of its columns.
        """
        if unknown := sorted(set(names) - {*self.columns}):
            raise SettingError(f"columns: there is no feature {unknown[0]!r}; known: {', '.join(self.columns)}")
        numbers, categories, texts = (
            tuple(name for name in kind if name in names) for kind in (self.numbers, self.categories, self.texts)
        )
        return Layout(numbers, categories, texts, self.steps)

    def save(self, folder: Path) -> None:
        """Write it as JSON."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Layout:
        """Read what `save` wrote."""
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        steps = tuple(Step(**{**step, "names": tuple(step["names"])}) for step in values.pop("steps"))
        return cls(**{kind: tuple(names) for kind, names in values.items()}, steps=steps)


def expanded(frame: DataFrame, layout: Layout, counts: Counts) -> DataFrame:
    """Return the frame with all features: numbers as float64, the others as text; `counts` are those of further rows."""
    import pandas as pd

    made: dict[str, Any] = {}
    for step in layout.steps:
        source = made[step.source] if step.source in made else frame[step.source]
        made |= compared(step, source, frame) if step.how == "similarity" else apply(step, source, counts)
    for name in layout.columns:
        values: Any = made.get(name, frame.get(name))
        made[name] = as_numbers(values) if name in layout.numbers else as_text(values)
    wanted = {name: values for name, values in made.items() if name in layout.columns}
    others = frame.drop(columns=[name for name in wanted if name in frame.columns])
    return pd.concat([others, pd.DataFrame(wanted, index=frame.index)], axis=1)


def counted(frame: DataFrame, layout: Layout) -> Counts:
    """Return how many rows hold each value that is counted, by the hash of the value."""
    made: dict[str, Any] = {}
    counts: Counts = {}
    for step in layout.steps:
        source = made[step.source] if step.source in made else frame[step.source]
        if step.how == "rows":
            counts[step.names[0]] = _counts(source)
        elif step.how != "similarity":
            made |= apply(step, source, {})
    return counts


def save_counts(counts: Counts, folder: Path) -> None:
    """Write counts in NumPy's own format."""
    import numpy as np

    parts = {
        f"{place}_{number}": part for number, pair in enumerate(counts.values()) for place, part in enumerate(pair)
    }
    np.savez(folder / COUNTS, **parts)  # type: ignore[arg-type]


def load_counts(layout: Layout, folder: Path) -> Counts:
    """Read what `save_counts` wrote."""
    import numpy as np

    names = [step.names[0] for step in layout.steps if step.how == "rows"]
    with np.load(folder / COUNTS, allow_pickle=False) as parts:
        return {name: (parts[f"0_{number}"], parts[f"1_{number}"]) for number, name in enumerate(names)}


def as_text(values: Series[Any]) -> Series[Any]:
    """Return cells as text, where a gap is ""."""
    import pandas as pd

    known = isinstance(values.dtype, pd.StringDtype)
    text: Series[Any] = values.fillna("") if known else values.astype(object).where(values.notna(), "")
    if known or pd.api.types.infer_dtype(text, skipna=False) == "string":
        return text.infer_objects()  # faster than to make each anew
    return text.map(lambda value: value if isinstance(value, str) else str(value))


def as_numbers(values: Any) -> Any:
    """Return cells as float64, where a gap is NaN."""
    import numpy as np
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").astype(np.float64).replace([np.inf, -np.inf], np.nan)


def compared(step: Step, source: Series[Any], frame: DataFrame) -> dict[str, Any]:
    """Return how alike a column of texts is to another of the frame (n,) each."""
    import pandas as pd

    found = similarities(as_text(source).tolist(), as_text(frame[step.option]).tolist())
    return {name: pd.Series(values, index=source.index) for name, values in zip(step.names, found.T, strict=True)}


def apply(step: Step, source: Series[Any], counts: Counts) -> dict[str, Any]:
    """Return the columns of a step (n,) each."""
    import numpy as np
    import pandas as pd

    if step.how == "rows":
        hashes, codes = _hashed(source)
        keys, more = counts.get(step.names[0], (np.zeros(0, np.uint64), np.zeros(0, np.int64)))
        total = np.bincount(codes, minlength=len(hashes))
        if len(keys):
            places = np.searchsorted(keys, hashes).clip(max=len(keys) - 1)
            total = total + np.where(keys[places] == hashes, more[places], 0)
        empty = (as_text(source) == "").to_numpy()
        return {step.names[0]: pd.Series(np.where(empty, np.nan, total[codes]), index=source.index)}
    text = source if step.how == "date" else as_text(source)
    codes, distinct = pd.factorize(text, use_na_sentinel=False)
    made: Iterator[Any] = _OF_VALUES[step.how](pd.Series(distinct), step)
    return {
        name: pd.Series(np.asarray(values)[codes], index=source.index)
        for name, values in zip(step.names, made, strict=True)
    }


def _dates(values: Series[Any], step: Step) -> Iterator[Any]:
    import numpy as np
    import pandas as pd

    known = pd.api.types.is_datetime64_any_dtype(values)
    style: dict[str, Any] = {} if known else {"format": "mixed", "dayfirst": step.option == "day first"}
    times = pd.to_datetime(values, errors="coerce", utc=True, **style)
    days = (times - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(days=1)
    called = {"weekday": "day_of_week", "yearday": "day_of_year"}
    for part in (name.rpartition(" ")[2] for name in step.names):
        yield (days if part == "days" else getattr(times.dt, called.get(part, part))).astype(np.float64)


def _divided(values: Series[Any], step: Step) -> Iterator[Any]:
    cells = [text.split(step.option, len(step.names) - 1) for text in values]
    for place in range(len(step.names)):
        texts = [cell[place].strip() if place < len(cell) else "" for cell in cells]
        yield as_text(_series(texts))


def _with_unit(values: Series[Any], step: Step) -> Iterator[Any]:
    matches = [NUMBER.fullmatch(text.strip()) for text in values]
    yield [float(match[2].replace(",", "")) if match else float("nan") for match in matches]
    yield as_text(_series([match[1] + match[3].strip() if match else "" for match in matches]))


def _lengths(values: Series[Any], step: Step) -> Iterator[Any]:
    yield [float(len(text)) for text in values]
    yield [float(len(text.split())) for text in values]


def _named(values: Series[Any], step: Step) -> Iterator[Any]:
    yield _series([text.removesuffix(".0") for text in values])


def _series(texts: list[str]) -> Series[Any]:
    import pandas as pd

    return pd.Series(texts, dtype=object)


_OF_VALUES: dict[str, Callable[[Any, Step], Iterator[Any]]] = {
    "date": _dates, "parts": _divided, "number": _with_unit, "length": _lengths, "name": _named,
}  # fmt: skip


def _hashed(values: Series[Any]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """Return the hash of each distinct value and which of them each row has."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(as_text(values))
    return pd.util.hash_array(np.asarray(distinct, object)), codes


def _counts(values: Series[Any]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    import numpy as np

    hashes, codes = _hashed(values)
    order = np.argsort(hashes)
    return hashes[order], np.bincount(codes, minlength=len(hashes))[order]
