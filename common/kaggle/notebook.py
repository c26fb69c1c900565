"""A kernel in percent format (`# %%`) as a Jupyter notebook."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from common.errors import KernelError

_MARKER = re.compile(r"^# %%[ \t]*(\[markdown\])?.*$", re.MULTILINE)
# Format 4.4 has no cell ids, which would have to be invented; Kaggle's kernels need to know their language.
_FORMAT = {
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 4,
}
_COLLAPSED = {"_kg_hide-input": True, "jupyter": {"source_hidden": True}}  # Kaggle's word, and Jupyter's


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook."""

    kind: Literal["code", "markdown"]
    source: str
    collapsed: bool = False


def cells(text: str, name: str) -> list[Cell]:
    """Return the cells of a file in percent format.

    Raises:
        KernelError: if it has no cells, a cell is not Python, or text is not commented out.
    """
    markers = list(_MARKER.finditer(text))
    if not markers:
        raise KernelError(f"{name} has no cells; begin each with a line '# %%' or '# %% [markdown]'")
    parts = [Cell("code", text[: markers[0].start()].strip())]
    for marker, following in zip(markers, [*markers[1:], None], strict=True):
        content = text[marker.end() : following.start() if following else None].strip()
        first = text.count("\n", 0, marker.start()) + 1
        parts.append(_markdown(content, name, first) if marker[1] else _code(content, name, first))
    return [cell for cell in parts if cell.source]


def to_text(cells: list[Cell]) -> str:
    """Return a notebook as the text that Kaggle gets, byte by byte what its client makes of the file."""
    document: dict[str, Any] = {"cells": [_as_json(cell) for cell in cells], **_FORMAT}
    return json.dumps(document)


def _code(content: str, name: str, line: int) -> Cell:
    try:
        compile(content, name, "exec")
    except SyntaxError as error:
        raise KernelError(f"{name}, line {line + (error.lineno or 0) + 1}: {error.msg}") from None
    return Cell("code", content)


def _markdown(content: str, name: str, line: int) -> Cell:
    lines = content.splitlines()
    for number, text in enumerate(lines, start=line + 1):
        if text and not text.startswith("#"):
            raise KernelError(f"{name}, line {number}: text of a markdown cell must begin with '# '")
    return Cell("markdown", "\n".join(re.sub("^# ?", "", text) for text in lines))


def _as_json(cell: Cell) -> dict[str, Any]:
    metadata = _COLLAPSED if cell.collapsed else {}
    outputs: dict[str, Any] = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    return {"cell_type": cell.kind, "metadata": metadata, **outputs, "source": cell.source}
