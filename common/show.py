"""Tables and figures for people: shown in a notebook, printed or written to a file anywhere else."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame


def table(frame: DataFrame, title: str = "") -> None:
    """Show a table; numbers with four digits."""
    if title:
        print(f"\n{title}")
    if _in_notebook():
        from IPython.display import display

        display(frame.style.format(precision=4).hide(axis="index"))
    else:
        print(frame.to_string(index=False, float_format=lambda value: f"{value:.4f}", max_colwidth=48))


def axes(title: str, x: str, y: str) -> Axes:
    """Return empty axes of a new figure; needs no display and no pyplot."""
    from matplotlib.figure import Figure

    made: Axes = Figure(figsize=(8, 3.5), layout="constrained").subplots()
    made.set(title=title, xlabel=x, ylabel=y)
    made.spines[["top", "right"]].set_visible(False)
    return made


def figure(drawn: Axes, path: Path) -> None:
    """Show a figure in a notebook, else write it to `path` (PNG) and say so."""
    drawing: Any = drawn.get_figure()
    if _in_notebook():
        from IPython.display import Image, display

        buffer = io.BytesIO()
        drawing.savefig(buffer, format="png", dpi=110)
        display(Image(data=buffer.getvalue()))
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        drawing.savefig(path, dpi=110)
        print(f"\nfigure: {path}")


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
