"""What cells that are no numbers may hold: a label, several labels, text, a mask, boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from common.competition import Cell
from common.decisions.classes import split
from common.wording import listed

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

EMPTY = r"^\s*$"
# What pandas, R, Excel and C print for a missing number.
NAN = r"(?i)^\s*([+-]?nan(\(\w*\))?|<?na>?|#n/?a|n/a|null|none|nat|1\.#(qnan|ind))\s*$"


class Fault(NamedTuple):
    """A broken rule of one column: in which rows (n,), what they hold, and what to do."""

    rule: str
    rows: NDArray[np.bool_]
    what: str
    advice: str


def cell_faults(column: Any, cell: Cell) -> list[Fault]:
    """Return what is wrong with a column of text (an Arrow array of n cells), whose kind is not "number"."""
    if cell.kind == "label":
        return _label(column, cell)
    words = column.to_pylist()
    empty = _rows(words, lambda word: not word.strip() and not cell.may_be_empty)
    faults = [Fault("empty_values", empty, "without a value", f"Give every row {_WANTED[cell.kind]}{_or_empty(cell)}")]
    filled = [word if word.strip() and word != cell.empty else None for word in words]
    match cell.kind:
        case "labels":
            faults += _labels([None if word is None else split(word, cell.separator) for word in filled], cell)
        case "mask":
            wrong = _rows(filled, lambda word: not _is_mask(word, cell))
            what = f"that are no run lengths: start and length in turn, sorted, from {cell.first}, without overlap"
            faults.append(Fault("mask", wrong, what, "Write pairs of positive integers with blanks between them"))
        case "boxes":
            wrong = _rows(filled, lambda word: len(word.split()) % (cell.tokens or 1) != 0)
            advice = f"Write {cell.tokens} fields for each box, with blanks between all of them"
            faults.append(Fault("boxes", wrong, f"whose fields are no multiple of {cell.tokens}", advice))
    return faults


_WANTED = {"labels": "its labels", "text": "a text", "mask": "a mask", "boxes": "its boxes"}


def _or_empty(cell: Cell) -> str:
    return f", or {cell.empty!r} for nothing" if cell.empty else ""


def _rows(cells: list[Any], wrong: Callable[[Any], bool]) -> NDArray[np.bool_]:
    import numpy as np

    return np.array([cell is not None and wrong(cell) for cell in cells], bool)


def _label(column: Any, cell: Cell) -> list[Fault]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    words = (
        column.cast(pa.large_string()) if not pa.types.is_floating(column.type) else pc.cast(column, pa.large_string())
    )
    allowed = np.zeros(len(words), bool)
    if cell.labels:
        allowed = pc.is_in(words, value_set=pa.array(cell.labels, words.type)).to_numpy(zero_copy_only=False)
    empty, nan = (pc.match_substring_regex(words, pattern).to_numpy(zero_copy_only=False) for pattern in (EMPTY, NAN))
    advice = f"Use one of {listed(map(repr, cell.labels), 10)}" if cell.labels else "Give every row a label"
    return [
        Fault("empty_values", empty & ~allowed, "without a label", advice),
        Fault("nan", nan & ~allowed, "with NaN instead of a label", advice),
        Fault("labels", ~(empty | nan | allowed) & bool(cell.labels), "with a label that is not allowed", advice),
    ]


def _labels(cells: list[list[str] | None], cell: Cell) -> list[Fault]:
    faults, known = [], set(cell.labels)
    if known:
        unknown = _rows(cells, lambda labels: not known.issuperset(labels))
        advice = f"Use labels of {listed(map(repr, cell.labels), 10)}, with {cell.separator!r} between them"
        faults.append(Fault("labels", unknown, "with a label that is not allowed", advice))
    if cell.at_most is not None:
        limit = cell.at_most
        longer = _rows(cells, lambda labels: len(labels) > limit)
        advice = f"Write at most {limit}, with {cell.separator!r} between them"
        faults.append(Fault("too_many_labels", longer, f"with more than {limit} labels", advice))
    if not cell.repeat:
        twice = _rows(cells, lambda labels: len(set(labels)) < len(labels))
        faults.append(Fault("labels_twice", twice, "with a label twice", "Write each label once"))
    return faults


def _is_mask(text: str, cell: Cell) -> bool:
    fields = text.split()
    if len(fields) % 2 or not all(field.isdecimal() for field in fields):
        return False
    free: int = cell.first
    for start, length in zip(map(int, fields[::2]), map(int, fields[1::2]), strict=True):
        if start < free or length < 1:
            return False
        free = start + length
    return True
