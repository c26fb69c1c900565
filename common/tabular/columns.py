"""What each column of a table is, and what can be told from it row by row: found once for all folds, without the target.

Numbers stay as they are. Dates, codes of several parts (`F/0/S`) and numbers with a unit (`21.4 km`) are taken apart; of
values that many rows share it is counted how many do, in both tables together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from common.errors import SettingError
from common.tabular.task import TabularTask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    Counts = dict[str, tuple[NDArray[np.uint64], NDArray[np.int64]]]

How = Literal["date", "parts", "number", "rows", "length"]

FILE, COUNTS = "columns.json", "counts.npz"  # in a run's folder
FEW = 20  # distinct values of which nobody would make more than categories
NEARLY_ALL, MOST = 0.95, 0.5  # fractions of a column's filled cells
WORDS = 3  # blanks apart, on average, from which cells are text rather than names
LOOKED_AT = 20_000  # rows by which a pattern is recognised
DELIMITERS = "/|_-:;, ."
DATE_PARTS = ("year", "month", "day", "weekday", "hour", "days")
_NUMBER = re.compile(r"([A-Za-z$€£#]{0,4})\s?([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(\s?[A-Za-z%°²³/]{0,12})")
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ]\d.*)?|\d\d?[/.]\d\d?[/.]\d{4}([T ]\d.*)?")


@dataclass(frozen=True)
class Step:
    """How further columns `names` are made of the column `source`; `option` is what divides parts, or the order of a date."""

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
        kinds = [tuple(name for name in kind if name in names) for kind in (self.numbers, self.categories, self.texts)]
        return Layout(*kinds, self.steps)

    def save(self, folder: Path) -> None:
        """Write it as JSON."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Layout:
        """Read what `save` wrote."""
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        steps = tuple(Step(**{**step, "names": tuple(step["names"])}) for step in values.pop("steps"))
        return cls(**{kind: tuple(names) for kind, names in values.items()}, steps=steps)


def found(train: DataFrame, test: DataFrame, task: TabularTask) -> Layout:
    """Return what the columns that both tables have are; those that say nothing of a row are left out."""
    finder = _Finder(task)
    for name in train.columns:
        if name in test.columns and name not in (*task.targets, *task.leave_out):
            (finder.look_at_id if name in task.ids else finder.look_at)(name, train[name], test[name])
    return finder.layout()


def expanded(frame: DataFrame, layout: Layout, counts: Counts) -> DataFrame:
    """Return the frame with all features: numbers as float64, the others as text; `counts` are those of further rows."""
    import pandas as pd

    made: dict[str, Any] = {}
    for step in layout.steps:
        source = made[step.source] if step.source in made else frame[step.source]
        made |= _made(step, source, counts)
    for name in layout.columns:
        values: Any = made.get(name, frame.get(name))
        made[name] = _numbers(values) if name in layout.numbers else as_text(values)
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
        else:
            made |= _made(step, source, {})
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
    text: Series[Any] = values.astype(object).where(values.notna(), "")
    return text.map(lambda value: value if isinstance(value, str) else str(value))


def _numbers(values: Any) -> Any:
    import numpy as np
    import pandas as pd

    return pd.to_numeric(values, errors="coerce").astype(np.float64).replace([np.inf, -np.inf], np.nan)


# Recognised ----------------------------------------------------------------------------------------------------------


class _Finder:
    """Looks at one column after another."""

    def __init__(self, task: TabularTask) -> None:
        self.task = task
        self.kinds: dict[str, list[str]] = {"numbers": [], "categories": [], "texts": []}
        self.steps: list[Step] = []

    def layout(self) -> Layout:
        """Return what was found."""
        return Layout(**{kind: tuple(names) for kind, names in self.kinds.items()}, steps=tuple(self.steps))

    def look_at(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        """Say what a column is."""
        from pandas.api import types

        if train.nunique(dropna=False) < 2:
            return
        if all(types.is_numeric_dtype(values) or types.is_bool_dtype(values) for values in (train, test)):
            if name in self.task.texts or not _numbered(train):
                self._number(name, train)
        elif types.is_datetime64_any_dtype(train) and types.is_datetime64_any_dtype(test):
            self._step(Step("date", name, _names(name, DATE_PARTS)), train, test)
        else:
            self._look_at_text(name, as_text(train), as_text(test))

    def look_at_id(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        """Find what rows share of an id of several parts, and what a date says."""
        train, test = as_text(train), as_text(test)
        if _mostly(train.iloc[:: max(1, len(train) // LOOKED_AT)], _DATE.fullmatch):
            self._look_at_text(name, train, test)
            return
        if parts := _parts(name, train):
            made = _made(parts, train, {})
            self.steps.append(parts)
            for part in parts.names:
                n_distinct = made[part].nunique()
                if n_distinct < 2:
                    continue
                if n_distinct > FEW:
                    self._count(part, made[part])
                elif _is_number(made[part]):
                    self._number(part, made[part])

    def _number(self, name: str, values: Series[Any]) -> None:
        if _numbers(values).nunique(dropna=False) > 1:
            self.kinds["numbers"].append(name)

    def _count(self, name: str, values: Series[Any]) -> None:
        """Count the rows that share a value, if rows do."""
        if values.duplicated().any():
            self.steps.append(Step("rows", name, _names(name, ("rows",))))
            self.kinds["numbers"].append(f"{name} · rows")

    def _step(self, step: Step, train: Series[Any], test: Series[Any]) -> None:
        """Add a step, with what it makes."""
        self.steps.append(step)
        on_train, on_test = _made(step, train, {}), _made(step, test, {})
        for name in step.names:
            self.look_at(name, on_train[name], on_test[name])

    def _look_at_text(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        filled = train[train != ""]
        some = filled.iloc[:: max(1, len(filled) // LOOKED_AT)]
        if name not in self.task.texts:
            if _mostly(some, _DATE.fullmatch):
                first = some.str.extract(r"^(\d\d?)[/.]", expand=False).dropna().astype(int)
                order = "day first" if (first > 12).any() else ""
                self._step(Step("date", name, _names(name, DATE_PARTS), order), train, test)
                return
            if filled.nunique() <= FEW:
                self.kinds["categories"].append(name)
                return
            if some.str.count(r"\S+").mean() < WORDS and not _listed(some):
                named = _unique(filled) and some.str.match("[A-Za-z]").all()
                if _mostly(some, _NUMBER.fullmatch) and not named:
                    self._step(Step("number", name, _names(name, ("number", "unit"))), train, test)
                elif parts := _parts(name, train):
                    self._step(parts, train, test)
                if not _unique(filled):  # otherwise it names rows
                    self.kinds["categories"].append(name)
                    self._count(name, filled)
                return
        self.kinds["texts"].append(name)
        lengths = Step("length", name, _names(name, ("characters", "words")))
        self.steps.append(lengths)
        for each, values in _made(lengths, train, {}).items():
            self._number(each, values)


def _names(source: str, parts: Any) -> tuple[str, ...]:
    return tuple(f"{source} · {part}" for part in parts)


def _mostly(values: Series[Any], holds: Callable[[str], Any]) -> bool:
    distinct = values.unique()[:LOOKED_AT]
    return len(distinct) > 0 and sum(map(bool, map(holds, distinct))) >= NEARLY_ALL * len(distinct)


def _is_number(values: Series[Any]) -> bool:
    return bool(_numbers(values[values != ""]).notna().mean() >= NEARLY_ALL)


def _unique(filled: Series[Any]) -> bool:
    """Whether nearly every cell is another."""
    return filled.nunique() >= NEARLY_ALL * len(filled)


def _numbered(values: Series[Any]) -> bool:
    """Whether numbers only count the rows, one by one."""
    import numpy as np

    if len(values) <= FEW or values.hasnans or not values.is_unique:
        return False
    steps = np.diff(np.sort(values.to_numpy(float)))
    return bool((steps == 1).all())


def _listed(values: Series[Any]) -> bool:
    return _mostly(values, lambda text: text.startswith("[") and text.endswith("]"))


def _parts(name: str, values: Series[Any]) -> Step | None:
    """Return how cells are taken apart, if nearly all have as many parts."""
    some = values[values != ""].iloc[:LOOKED_AT]
    for delimiter in DELIMITERS:
        counts = some.str.count(re.escape(delimiter)).value_counts()
        if len(counts) and 1 <= counts.index[0] <= 5 and counts.iloc[0] >= NEARLY_ALL * len(some):
            return Step("parts", name, _names(name, range(1, int(counts.index[0]) + 2)), delimiter)
    return None


# Made ----------------------------------------------------------------------------------------------------------------


def _made(step: Step, source: Series[Any], counts: Counts) -> dict[str, Any]:
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
    for part in DATE_PARTS[:-1]:
        yield getattr(times.dt, "day_of_week" if part == "weekday" else part).astype(np.float64)
    yield days.astype(np.float64)


def _divided(values: Series[Any], step: Step) -> Iterator[Any]:
    cells = [text.split(step.option, len(step.names) - 1) for text in values]
    for place in range(len(step.names)):
        texts = [cell[place].strip() if place < len(cell) else "" for cell in cells]
        yield as_text(_series(texts))


def _with_unit(values: Series[Any], step: Step) -> Iterator[Any]:
    matches = [_NUMBER.fullmatch(text.strip()) for text in values]
    yield [float(match[2].replace(",", "")) if match else float("nan") for match in matches]
    yield as_text(_series([match[1] + match[3].strip() if match else "" for match in matches]))


def _lengths(values: Series[Any], step: Step) -> Iterator[Any]:
    yield [float(len(text)) for text in values]
    yield [float(len(text.split())) for text in values]


def _series(texts: list[str]) -> Series[Any]:
    import pandas as pd

    return pd.Series(texts, dtype=object)


_OF_VALUES: dict[str, Callable[[Any, Step], Iterator[Any]]] = {
    "date": _dates, "parts": _divided, "number": _with_unit, "length": _lengths,
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
