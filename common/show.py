"""Tables and figures for people: shown in a notebook, printed or written to a file anywhere else."""

from __future__ import annotations

import html
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.wording import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

    from common.runs.records import RunRecord


LONGEST, LONGEST_PRINTED = 160, 48  # letters of a text that a table shows, in a notebook and elsewhere


def table(frame: DataFrame, title: str = "") -> None:
    """Show a table: numbers with as many digits as their column needs, at most four, and the beginning of long texts."""
    longest = LONGEST if in_notebook() else LONGEST_PRINTED
    frame = frame.set_axis([_beginning(name, longest) for name in frame.columns], axis=1)
    shown = frame.astype(object)
    for name, values in frame.items():
        digits = f".{_digits(values)}f" if values.dtype.kind == "f" else None
        shown[name] = [format(value, digits) if digits else _beginning(value, longest) for value in values]
    if in_notebook():
        from IPython.display import HTML, display

        words = [number for number, kind in enumerate(frame.dtypes) if kind.kind not in "biuf"]
        display(HTML(_html(shown, title, words)))
    else:
        print(*([f"\n{title}"] if title else []), shown.to_string(index=False), sep="\n")


def scores(record: RunRecord, title: str = "") -> None:
    """Show a run's scores: a row for each fold, and one for all of them."""
    import pandas as pd

    rows = {str(number): fold.scores for number, fold in record.folds.items()} | {"all": record.scores}
    frame = pd.DataFrame(rows).T.rename_axis("fold").reset_index()
    table(frame, title or f"CV ({record.rows_scored:,} rows scored, {record.outcome})")


def _digits(values: Series[float]) -> int:
    """Return the fewest digits after the point, at most four, that lose nothing of a column."""
    known = values.dropna()
    return next((digits for digits in range(4) if (known.round(digits) == known).all()), 4)


def _beginning(value: object, longest: int) -> str:
    text = visible(" ".join(str(value).split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _html(frame: DataFrame, title: str, words: list[int]) -> str:
    """Return a table of text as escaped HTML; columns of `words` are aligned to the left, of numbers to the right."""
    left = ", ".join(f".col{number}" for number in words) or "caption"
    styles: Any = [
        {"selector": "caption", "props": "caption-side: top; text-align: left; font-weight: bold; white-space: nowrap"},
        {"selector": "th, td", "props": "text-align: right; vertical-align: top"},
        {"selector": left, "props": "text-align: left"},
    ]
    style = (
        frame.style.format(escape="html")
        .format_index(escape="html", axis=1)
        .hide(axis="index")
        .set_table_styles(styles)
    )
    page: str = (style.set_caption(html.escape(title)) if title else style).to_html()
    return page


def axes(title: str, x: str, y: str) -> Axes:
    """Return empty axes of a new figure; needs no display and no pyplot."""
    from matplotlib.figure import Figure

    ax: Axes = Figure(figsize=(8, 3.5), layout="constrained").subplots()
    ax.set(title=title, xlabel=x, ylabel=y)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def figure(drawn: Axes, path: Path) -> None:
    """Show a figure in a notebook, else write it to `path` (PNG) and say so."""
    drawing: Any = drawn.get_figure()
    if in_notebook():
        from IPython.display import Image, display

        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", dpi=110)
        display(Image(data=buffer.getvalue()))
    else:
        save(drawn, path)
        print(f"\nfigure: {path}")


def save(drawn: Axes, path: Path) -> None:
    """Write a figure to `path` (PNG)."""
    drawing: Any = drawn.get_figure()
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, dpi=110)


def picture(path: Path) -> None:
    """Show a picture that a run has written, or say where it is."""
    if in_notebook():
        from IPython.display import Image, display

        display(Image(filename=str(path)))
    else:
        print(f"\nfigure: {path}")


def pictures(run: Path, *names: str) -> None:
    """Show those of a run's figures that it has drawn: which there are depends on the profile."""
    for name in names:
        if (path := run / "figures" / f"{name}.png").exists():
            picture(path)


def in_notebook() -> bool:
    """Whether this code runs in a notebook."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
